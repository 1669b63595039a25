"""What is known of the days around a place: works, a fire, unusual traffic, as the town or the association told it."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from capto.readings.models import ReferenceStation
from capto.validation.models import PlaceContext

PUBLIC_SOURCES = (PlaceContext.Source.TOWN, PlaceContext.Source.STAFF)


def told_around(
    *, territory_id: int | None, station: ReferenceStation | None, start: datetime, end: datetime
) -> Sequence[PlaceContext]:
    """Give what was told of a commune or a station between two times, the latest first; one query.

    Only what the town or the association says of everybody's air: never what borrowers note, what is said of one
    home, or what happens indoors. Pages show its kind and its days, and keep the note to the team.
    """
    whose = Q(pk=None)
    if territory_id is not None:
        whose |= Q(place=None, station=None, territory_id=territory_id)
    if station is not None:
        whose |= Q(station=station)
    return list(
        PlaceContext.objects.filter(
            whose, source__in=PUBLIC_SOURCES, withdrawn_at=None, starts_at__lt=end, ends_at__gt=start
        )
        .exclude(kind=PlaceContext.Kind.INDOOR)
        .order_by("-starts_at")
    )
