"""Changing one's e-mail address: the new one is taken only once its owner has opened the link sent to it."""

from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from capto.members.models import Person

VALID_FOR = timedelta(days=1)
_SALT = "capto.members.new_address"


def send_confirmation(person: Person, *, email: str, now: datetime) -> None:
    """Send the link that takes the new address."""
    token = signing.dumps([now.timestamp(), person.pk, person.email, email], salt=_SALT)
    link = settings.SITE_URL + reverse("confirm-address", args=[token])
    text = render_to_string(
        "members/mail/new_address.txt", {"person": person, "link": link, "site_name": settings.SITE_NAME}
    )
    send_mail(_("Votre nouvelle adresse pour %s") % settings.SITE_NAME, text, None, [email])


def confirm(token: str, *, person: Person, now: datetime) -> bool:
    """Take the address of a link; False where it is forged, old, of someone else, spent, or used by another account."""
    try:
        issued, number, before, email = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError):
        return False
    if not 0 <= now.timestamp() - issued < VALID_FOR.total_seconds():
        return False
    if number != person.pk or before != person.email:
        return False
    if Person.objects.filter(email__iexact=email).exclude(pk=person.pk).exists():
        return False
    person.correct(email=Person.objects.normalize_email(email), email_confirmed_at=now)
    return True
