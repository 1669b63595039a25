from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from capto.readings.models import Place, ReferenceStation
from capto.validation.models.co_location import CoLocation
from capto.validation.models.set_aside import NoReason

if TYPE_CHECKING:
    from capto.members.models import Person


class PlaceContextQuerySet(models.QuerySet["PlaceContext"]):
    def around(self, *, place: Place | None, station: ReferenceStation | None = None) -> Self:
        """Give what was said of a place, of its station and of its commune."""
        here = Q(place=place) if place is not None else Q(pk=None)
        if station is not None:
            here |= Q(station=station)
        if place is not None and place.territory_id is not None:
            here |= Q(place=None, station=None, territory=place.territory_id)
        return self.filter(here, withdrawn_at__isnull=True)

    def excluded_from(self, stay: CoLocation) -> Self:
        """Give the periods that a metrologist leaves out of the fits of a stay."""
        place = stay.placement.place if stay.placement else None
        return self.around(place=place, station=stay.station).filter(
            excludes_from_fits=True, starts_at__lt=stay.ends_at, ends_at__gt=stay.starts_at
        )


class PlaceContext(models.Model):
    """What happened around a place or station in [starts_at, ends_at), and who says so.

    It explains hours and changes no value. Only when a metrologist says so do fits leave these hours out.
    """

    class Kind(models.TextChoices):
        WORKS = "works", _("travaux")
        FIRE = "fire", _("feu, incendie")
        CHIMNEY = "chimney", _("chauffage au bois, cheminée")
        TRAFFIC = "traffic", _("circulation inhabituelle")
        FARMING = "farming", _("épandage, récolte")
        INDOOR = "indoor", _("cuisine, tabac, bricolage")
        OTHER = "other", _("autre")

    class Source(models.TextChoices):
        BORROWER = "borrower", _("qui emprunte le capteur")
        TOWN = "town", _("la commune")
        STAFF = "staff", _("l’association")

    place = models.ForeignKey(Place, models.PROTECT, null=True, blank=True, related_name="contexts")
    station = models.ForeignKey(
        ReferenceStation, models.PROTECT, null=True, blank=True, related_name="contexts"
    )
    territory = models.ForeignKey(
        "members.Territory", models.PROTECT, null=True, blank=True, related_name="+"
    )
    kind = models.CharField(max_length=10, choices=Kind)
    source = models.CharField(max_length=10, choices=Source, default=Source.STAFF)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    note = models.TextField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    written_at = models.DateTimeField()
    excludes_from_fits = models.BooleanField(default=False)
    decided_at = models.DateTimeField(null=True, blank=True)  # when the exclusion was last decided
    decided_by_name = models.CharField(max_length=200, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by_name = models.CharField(max_length=200, blank=True)

    objects = PlaceContextQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="a_context_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(place__isnull=False) | Q(station__isnull=False) | Q(territory__isnull=False),
                name="a_context_is_of_a_place_a_station_or_a_commune",
            ),
            models.CheckConstraint(condition=~Q(note=""), name="a_context_says_what_happened"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.starts_at:%Y-%m-%d %H:%M} – {self.ends_at:%Y-%m-%d %H:%M}"

    @classmethod
    def tell(
        cls,
        *,
        kind: str,
        source: str,
        starts_at: datetime,
        ends_at: datetime,
        note: str,
        now: datetime,
        place: Place | None = None,
        station: ReferenceStation | None = None,
        by: "Person | None" = None,
    ) -> "PlaceContext":
        """Keep what someone says happened around a place or station. Raises NoReason without words."""
        if not note.strip():
            raise NoReason("say what happened")
        return cls.objects.create(
            place=place,
            station=station,
            kind=kind,
            source=source,
            starts_at=starts_at,
            ends_at=ends_at,
            note=note.strip(),
            written_at=now,
            author=by,
        )

    def exclude_from_fits(self, excluded: bool, *, now: datetime, by: "Person") -> None:
        """Leave these hours out of the fits to come, or take them in again; approved versions stay as they are."""
        self.excludes_from_fits, self.decided_at, self.decided_by_name = excluded, now, by.name
        self.save(update_fields=["excludes_from_fits", "decided_at", "decided_by_name"])

    def withdraw(self, *, now: datetime, by: "Person") -> None:
        """Say that it was an error; the row stays."""
        self.withdrawn_at, self.withdrawn_by_name, self.excludes_from_fits = now, by.name, False
        self.save(update_fields=["withdrawn_at", "withdrawn_by_name", "excludes_from_fits"])
