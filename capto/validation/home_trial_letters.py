"""What is written to a resident who tries a device at home."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from capto.members.messages import Letter
from capto.members.models import Person
from capto.validation.models import HomeVolunteer


def assigned(person: Person, *, about: str, now: datetime) -> Letter | None:
    """Say that a unit waits at the desk; None where the offer was taken back meanwhile."""
    offer = HomeVolunteer.objects.standing().filter(pk=int(about), unit__isnull=False).first()
    if offer is None:
        return None
    told = {
        "device": offer.test.device,
        "association": offer.test.organisation,
        "link": settings.SITE_URL + reverse("device-test", args=[offer.test.public_id]),
    }
    return Letter(
        _("Un appareil à essayer vous attend : %(device)s") % told,
        _(
            "Bonjour,\n\nVous vous êtes proposé pour essayer %(device)s chez vous. Un exemplaire vous attend au"
            " comptoir (%(association)s). Il vous est prêté comme toute mallette : le fabricant ne saura ni qui"
            " vous êtes, ni où il est posé.\n\nPour vous retirer, ouvrez cette page :\n%(link)s"
        )
        % told,
    )
