"""The link that signs in without a password: it serves once, for one hour."""

from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from capto.members.models import Person

VALID_FOR = timedelta(hours=1)  # our choice: long enough for a slow mail server
_SALT = "capto.members.sign_in_link"


def _state(person: Person) -> list[object]:
    """What a sign-in or a change of address changes, so that a link serves once."""
    return [person.pk, person.email, person.last_login.timestamp() if person.last_login else 0]


def sign_in_link(person: Person, *, now: datetime, next_page: str = "") -> str:
    """Make the address that signs this person in, once, until `VALID_FOR` has passed."""
    token = signing.dumps([now.timestamp(), *_state(person)], salt=_SALT)
    query = "?" + urlencode({"next": next_page}) if next_page else ""
    return settings.SITE_URL + reverse("sign-in-by-link", args=[token]) + query


def send_sign_in_link(email: str, *, now: datetime, next_page: str = "") -> bool:
    """Send a link to the active person of this address; False where there is none (the page does not say so)."""
    person = Person.objects.filter(email__iexact=email, is_active=True).first()
    if person is None or not person.email:
        return False
    text = render_to_string(
        "members/mail/sign_in_link.txt",
        {
            "person": person,
            "link": sign_in_link(person, now=now, next_page=next_page),
            "minutes": VALID_FOR.seconds // 60,
            "site_name": settings.SITE_NAME,
        },
    )
    send_mail(_("Votre lien de connexion à %s") % settings.SITE_NAME, text, None, [person.email])
    return True


def person_of_link(token: str, *, now: datetime) -> Person | None:
    """Give the person whom a link signs in, None where it is forged, spent or older than `VALID_FOR`."""
    try:
        issued, *state = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError):
        return None
    if not 0 <= now.timestamp() - issued < VALID_FOR.total_seconds():
        return None
    person = Person.objects.filter(pk=state[0], is_active=True).first()
    return person if person is not None and _state(person) == state else None
