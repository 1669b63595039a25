"""The state of a loan in one line: has the sensor been heard, when first, when last."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from capto.lending.models import Loan
from capto.readings.models import DeviceState, Placement, RawMessage

SILENT_INTERVALS = 3  # missed reports after which a sensor counts as silent (the bridge's diagnosis says why)
FIRST_DAY = timedelta(days=1)  # how long "first reading received" is the news
LEAST_SILENCE = timedelta(minutes=10)


class Heard(NamedTuple):
    """What was heard of a loan's sensors."""

    first_at: datetime | None
    last_at: datetime | None
    is_silent: bool
    is_paused: bool

    def sentence(self, loan: Loan, *, now: datetime) -> str:
        """Say it in one line, for the borrower."""
        if loan.state != Loan.State.OPEN:
            return _("Ce prêt est terminé. Les mesures restent.")
        if self.is_paused:
            return _("Les mesures sont en pause : ce qui arrive n’est pas gardé.")
        if self.first_at is None or self.last_at is None:
            return _("Aucune mesure reçue encore. Branchez le capteur et suivez le guide.")
        if self.is_silent:
            return _("Le capteur se tait depuis %s.") % timesince(self.last_at, now)
        if now - self.first_at < FIRST_DAY:
            return _("Première mesure reçue il y a %s.") % _since(self.first_at, now=now)
        return _("Le capteur mesure. Dernier message il y a %s.") % _since(self.last_at, now=now)


def _since(at: datetime, *, now: datetime) -> str:
    return _("moins d’une minute") if now - at < timedelta(minutes=1) else timesince(at, now)


def heard(loan: Loan, placements: list[Placement], *, now: datetime) -> Heard:
    """Find when the sensors of a loan were first and last heard; two queries per sensor, by the table's key."""
    firsts, lasts = [], []
    interval = 0
    for placement in placements:
        raw = RawMessage.objects.filter(sensor=placement.sensor_id, observed_at__gte=placement.starts_at)
        if placement.ends_at is not None:
            raw = raw.filter(observed_at__lt=placement.ends_at)
        first = raw.order_by("observed_at").values_list("received_at", flat=True).first()
        if first is None:
            continue
        state = DeviceState.objects.filter(sensor=placement.sensor_id).first()
        last = state.last_received_at if state is not None and placement.ends_at is None else None
        last = last or raw.order_by("-observed_at").values_list("received_at", flat=True).first()
        firsts.append(first)
        lasts.append(max(first, last or first))
        interval = max(interval, placement.sensor.interval_s)
    open_ones = [placement for placement in placements if placement.ends_at is None]
    paused = bool(open_ones) and all(placement.is_paused for placement in open_ones)
    if not firsts:
        return Heard(None, None, False, paused)
    silence = max(timedelta(seconds=SILENT_INTERVALS * interval), LEAST_SILENCE)
    return Heard(min(firsts), max(lasts), now - max(lasts) > silence, paused)
