"""What a large drift between two stays leads to: the sensor goes to the workshop. Its hours get grade D by a flag."""

from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import override

import calibration as library
from capto.catalogue.models import UpkeepTicket
from capto.validation.models import Calibration
from capto.validation.words import figure

if TYPE_CHECKING:
    from capto.members.models import Person


def send_what_drifted(
    approved: Calibration, *, now: datetime, by: "Person | None" = None
) -> list[tuple[library.Drift, UpkeepTicket | None]]:
    """Send the sensor of an approval to the workshop where its slope drifted by more than 30 % between two stays.

    Looks at the stay before and the one after; gives the drifts with their tickets (None: the sensor is in no kit).
    Source of the limit: calibration.md, section 8 (calibration.bracketing.WORKSHOP_DRIFT). Run twice, one ticket.
    """
    if approved.sensor is None or approved.co_location is None:
        return []
    versions = list(
        Calibration.objects.approved()
        .filter(
            sensor=approved.sensor,
            property=approved.property,
            variant=approved.variant,
            channel=approved.channel,
            co_location__isnull=False,
        )
        .order_by("co_location__starts_at")
    )
    sent = []
    for before, after in pairwise(versions):
        if approved.pk not in (before.pk, after.pk) or before.method != after.method:
            continue
        drift = library.drift(before.fitted(), after.fitted())
        if drift.needs_workshop:
            with override("fr"):  # the language in which the tickets of the instance are written
                said = _("%(quantity)s : la pente a dérivé de %(percent)s %% entre deux comparaisons.") % {
                    "quantity": approved.property.name,
                    "percent": figure(100.0 * drift.relative_slope_change, 0),
                }
            sent.append((drift, UpkeepTicket.send_to_workshop(approved.sensor, what=said, now=now, by=by)))
    return sent
