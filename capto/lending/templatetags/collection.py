"""What templates of the collection ask: whether the reader may do something."""

from django import template

from capto.members.models import Person
from capto.members.roles import Capability

register = template.Library()


@register.filter
def may(user: object, capability: str) -> bool:
    """True where the reader holds a capability somewhere: `{% if user|may:"manage_catalogue" %}`."""
    return isinstance(user, Person) and user.can(Capability(capability))
