"""Sensors of other networks around ours: shown apart with their own symbol, never counted among ours."""

from dataclasses import dataclass
from datetime import datetime

from capto.readings.models import ForeignHour
from dashboards.models.published import RECENT

MOST_SHOWN = 300  # of a map and a table; a feed of a whole country is narrowed by its address


@dataclass(frozen=True, slots=True)
class ForeignNow:
    """The latest hour that is over of a foreign sensor; `uncertainty` is known only where it was compared here."""

    provider: str
    page: str
    licence: str
    licence_url: str
    key: str
    model: str
    latitude: float
    longitude: float
    hour: datetime
    value: float
    n: int
    grade: str
    uncertainty: float | None
    variant: str
    is_simulated: bool

    @property
    def name(self) -> str:
        """What pages call it."""
        return f"{self.provider} {self.key}"


def foreign_now(quantity: str, *, now: datetime) -> list[ForeignNow]:
    """Give the latest hour of each foreign sensor of a quantity, by network and number; one query."""
    rows = ForeignHour.objects.graded().now(quantity=quantity, now=now, recent=RECENT)
    found = [
        ForeignNow(
            row.sensor.feed.provider, row.sensor.feed.page, row.licence, row.sensor.feed.licence_url,
            row.sensor.key, row.sensor.model, row.sensor.latitude, row.sensor.longitude, row.hour, row.mean(),
            row.n, row.grade, row.expanded_uncertainty, row.variant,  # type: ignore[attr-defined]
            row.sensor.feed.is_simulated,
        )
        for row in rows[:MOST_SHOWN]
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.provider, one.key))
