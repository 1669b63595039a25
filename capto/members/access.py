"""Who may open a page: signed in, with the second factor where staff, and with the capability it names."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from capto.members.models import Person
from capto.members.roles import Capability

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


class StaffRequest(HttpRequest):
    """A request whose user is known to be a person (for types only)."""

    user: Person


def second_factor_is_given(request: HttpRequest) -> bool:
    """True where this session has shown its second factor, or the instance asks for none (the demo)."""
    if not settings.STAFF_SECOND_FACTOR:
        return True
    verified = cast(Any, request.user).is_verified
    return bool(verified())


def requires(capability: Capability) -> Callable[[View[P]], View[P]]:
    """Let a view answer only staff who hold `capability` somewhere; the view scopes its rows by organisation.

    A stranger is sent to sign in, staff without their second factor to give it, others get a 403 that says why.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            person = request.user
            if not isinstance(person, Person):
                return redirect_to_login(request.get_full_path())
            if not person.can(capability):
                raise PermissionDenied(_("Cette page demande un rôle que votre compte n’a pas."))
            if not second_factor_is_given(request):
                return redirect_to_login(request.get_full_path(), login_url=reverse("second-factor"))
            return view(request, *args, **kwargs)

        return guarded

    return decorate
