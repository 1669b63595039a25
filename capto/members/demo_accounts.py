"""The simulated accounts of the demo: one per role, each with a password that only this installation knows."""

import hashlib
import hmac
from base64 import b32encode
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django_otp.plugins.otp_totp.models import TOTPDevice

from capto.members.models import Organisation, Person, StaffRole
from capto.members.roles import Role

ORGANISATION = "Association de démonstration (simulée)"
BORROWER = "emprunt@exemple.test"  # the simulated city lends them what they have
TEACHER = "ecole@exemple.test"


class DemoAccount(NamedTuple):
    """What someone needs to sign in as one person of the demo."""

    email: str
    password: str
    name: str
    role: str
    otp_secret: str  # base32; '' for borrowers


class RealPeopleLiveHere(Exception):
    """Simulated staff is not made on an instance that already has real people."""


_ACCOUNTS: tuple[tuple[str, str, Role | None], ...] = (
    ("comptoir@exemple.test", "Benoît Comptoir (simulé)", Role.DESK_VOLUNTEER),
    ("pret@exemple.test", "Lila Prêt (simulée)", Role.LIBRARIAN),
    ("metrologie@exemple.test", "Maud Mesure (simulée)", Role.METROLOGIST),
    ("mediation@exemple.test", "Théo Médiation (simulé)", Role.MEDIATOR),
    ("autorite@exemple.test", "Inès Préfecture (simulée)", Role.AUTHORITY),
    ("administration@exemple.test", "Awa Réglages (simulée)", Role.ADMINISTRATOR),
    (BORROWER, "Alice Emprunt (simulée)", None),
    (TEACHER, "Paul Maître (simulé)", None),
)


def _derived(purpose: str, email: str) -> bytes:
    """Derive a secret from the installation's own key: the same at each start, unknown elsewhere."""
    return hmac.new(settings.SECRET_KEY.encode(), f"demo:{purpose}:{email}".encode(), hashlib.sha256).digest()


def _password(email: str) -> str:
    text = b32encode(_derived("password", email)).decode().lower()
    return "-".join((text[:4], text[4:8], text[8:12]))


@transaction.atomic
def make_demo_accounts(*, now: datetime) -> list[DemoAccount]:
    """Create or repair the simulated accounts and say how to sign in as each.

    Raises RealPeopleLiveHere where a person that is not simulated exists.
    """
    if Person.objects.filter(is_simulated=False).exists():
        raise RealPeopleLiveHere
    organisation = Organisation.objects.filter(is_simulated=True).order_by("pk").first()
    if organisation is None:
        organisation = Organisation.objects.create(name=ORGANISATION, is_simulated=True)
    accounts = []
    for email, name, role in _ACCOUNTS:
        person = Person.objects.filter(email=email).first() or Person(email=email)
        person.name, person.is_simulated, person.is_active = name, True, True
        person.email_confirmed_at = person.email_confirmed_at or now
        if not person.check_password(_password(email)):
            person.set_password(_password(email))
        person.save()
        secret = b""
        if role is not None:
            secret = _derived("totp", email)[:20]
            StaffRole.give(person, role=role, organisation=organisation, now=now)
            TOTPDevice.objects.update_or_create(
                user=person, name="demo", defaults={"key": secret.hex(), "confirmed": True}
            )
        label = role.label if role is not None else "emprunt"
        accounts.append(DemoAccount(email, _password(email), name, str(label), b32encode(secret).decode()))
    return accounts
