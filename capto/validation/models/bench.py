from datetime import date, datetime, timedelta

from django.db import models
from django.db.models import Q

from capto.readings.models import ReferenceStation
from capto.validation.models.co_location import CoLocation

USUAL_PLACES = 6  # a shelf of a station's cabin; an association writes its own number


class Bench(models.Model):
    """How many sensors find room beside a reference station at once; a station without a row has USUAL_PLACES."""

    station = models.OneToOneField(ReferenceStation, models.CASCADE, related_name="bench")
    places = models.PositiveSmallIntegerField(default=USUAL_PLACES)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(places__gt=0), name="a_bench_has_a_place"),
        ]

    def __str__(self) -> str:
        return f"{self.station.name}: {self.places}"

    @classmethod
    def set_places(cls, station: ReferenceStation, *, places: int) -> "Bench":
        """State how many sensors find room beside a station."""
        bench, _ = cls.objects.update_or_create(station=station, defaults={"places": places})
        return bench

    @classmethod
    def places_of(cls, station: ReferenceStation) -> int:
        """Give how many sensors find room beside a station."""
        return cls.objects.filter(station=station).values_list("places", flat=True).first() or USUAL_PLACES


def taken(station: ReferenceStation, *, starts_at: datetime, ends_at: datetime) -> int:
    """Give the most places that stays take at once beside a station in [starts_at, ends_at)."""
    edges: list[tuple[datetime, int]] = []
    for begin, end in CoLocation.objects.filter(
        station=station, starts_at__lt=ends_at, ends_at__gt=starts_at
    ).values_list("starts_at", "ends_at"):
        edges += [(max(begin, starts_at), 1), (end, -1)]
    most = now = 0
    for _at, step in sorted(edges):  # an end sorts before a beginning at the same moment
        now += step
        most = max(most, now)
    return most


def days_between(first: date, last: date) -> list[date]:
    """List the days from the first to the last, both included."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
