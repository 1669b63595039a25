from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import ClassVar

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from capto.catalogue.models import ObservedProperty
from capto.charts.scales import PARIS
from capto.members.models import Person, Territory

ONE_DAY = timedelta(days=1)


class ActNeeded(ValueError):
    """An episode entered by hand names the act that decided it: its address is missing."""


class UnknownLevel(ValueError):
    """The jurisdiction has no such level in its closed list."""


class EpisodeZone(models.Model):
    """An area for which the authority decides: a department, an air basin, a valley."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    communes = models.ManyToManyField(Territory, blank=True, related_name="episode_zones")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class EpisodeLevel(models.Model):
    """A level of the closed list of a jurisdiction, from mild to grave by `rank`."""

    jurisdiction = models.CharField(max_length=10)
    code = models.CharField(max_length=20)
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    rank = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["jurisdiction", "rank"]
        constraints = [
            models.UniqueConstraint(
                fields=["jurisdiction", "code"], name="one_level_of_a_code_per_jurisdiction"
            )
        ]

    def __str__(self) -> str:
        return self.name if (get_language() or "fr").startswith("fr") else self.name_en

    @classmethod
    def named(cls, code: str, *, jurisdiction: str = "FR") -> EpisodeLevel:
        """Give a level by its code; raises UnknownLevel."""
        try:
            return cls.objects.get(jurisdiction=jurisdiction, code=code)
        except cls.DoesNotExist:
            raise UnknownLevel(code) from None


class EpisodeQuerySet(models.QuerySet["Episode"]):
    def told(self, *, now: datetime) -> EpisodeQuerySet:
        """List what stands for today and the days to come (Europe/Paris), the gravest first."""
        return (
            self.exclude(status=Episode.Status.LIFTED)
            .filter(day__gte=now.astimezone(PARIS).date())
            .select_related("zone", "pollutant", "level")
            .order_by("day", "-level__rank", "zone__name")
        )

    def official(self, *, zone: EpisodeZone, day: date, pollutant: str = "") -> list[Episode]:
        """Give what the authority says of a zone and a day: per pollutant the word that was changed last."""
        rows = self.filter(zone=zone, day=day).select_related("zone", "pollutant", "level")
        if pollutant:
            rows = rows.filter(pollutant_id=pollutant)
        last = {row.pollutant_id: row for row in rows.order_by("changed_at", "pk")}
        return list(last.values())

    def stretch(self, episode: Episode) -> list[Episode]:
        """Give the days in a row of one zone and pollutant around an episode, of its source, in order."""
        days = {
            row.day: row
            for row in self.filter(
                zone=episode.zone, pollutant=episode.pollutant, source=episode.source
            ).select_related("zone", "pollutant", "level")
        }
        first = last = episode.day
        while first - ONE_DAY in days:
            first -= ONE_DAY
        while last + ONE_DAY in days:
            last += ONE_DAY
        return [days[first + ONE_DAY * n] for n in range((last - first).days + 1)]


class Episode(models.Model):
    """What the authority decided for one zone, pollutant and calendar day of Europe/Paris.

    It is imported from a feed or entered by staff with the address of the act; no sensor makes one. A change of level
    or status is a row of `changes`; a lifted episode stays readable.
    """

    class Status(models.TextChoices):
        FORECAST = "forecast", _("annoncé")
        IN_FORCE = "in_force", _("en vigueur")
        LIFTED = "lifted", _("levé")

    zone = models.ForeignKey(EpisodeZone, models.PROTECT, related_name="episodes")
    pollutant = models.ForeignKey(ObservedProperty, models.PROTECT, related_name="+")
    level = models.ForeignKey(EpisodeLevel, models.PROTECT, related_name="+")
    day = models.DateField()
    status = models.CharField(max_length=10, choices=Status)
    source = models.CharField(max_length=120)  # who said so: a prefecture, an association's feed
    url = models.URLField(max_length=500, blank=True)  # the act, or the page of the feed
    recorded_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    entered_by = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    is_simulated = models.BooleanField(default=False)

    objects: ClassVar[EpisodeQuerySet] = EpisodeQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["zone", "pollutant", "day", "source"],
                name="one_episode_per_zone_pollutant_day_and_source",
            ),
            models.CheckConstraint(
                condition=Q(entered_by__isnull=True) | ~Q(url=""),
                name="an_episode_entered_by_hand_names_its_act",
            ),
        ]
        indexes = [models.Index(fields=["day", "status"])]

    def __str__(self) -> str:
        return f"{self.zone} · {self.pollutant} · {self.day:%Y-%m-%d}"

    @classmethod
    @transaction.atomic
    def announce(
        cls,
        zone: EpisodeZone,
        *,
        pollutant: ObservedProperty | str,
        level: EpisodeLevel | str,
        day: date,
        status: str,
        source: str,
        now: datetime,
        url: str = "",
        by: Person | None = None,
        because: str = "",
        is_simulated: bool = False,
    ) -> Episode:
        """Record what the authority says; the same word again changes nothing, another word leaves a dated row.

        Raises ActNeeded where a person enters it without the act's address, UnknownLevel for a level of no list.
        """
        if by is not None and not url:
            raise ActNeeded
        level = EpisodeLevel.named(level) if isinstance(level, str) else level
        code = pollutant if isinstance(pollutant, str) else pollutant.pk
        episode, is_new = cls.objects.select_for_update(of=("self",)).get_or_create(
            zone=zone,
            pollutant_id=code,
            day=day,
            source=source,
            defaults={
                "level": level, "status": status, "url": url, "recorded_at": now, "changed_at": now,
                "entered_by": by, "is_simulated": is_simulated,
            },
        )  # fmt: skip
        if is_new or (episode.level_id, episode.status) != (level.pk, status):
            episode.level, episode.status, episode.changed_at = level, status, now
            episode.url = url or episode.url
            episode.save(update_fields=["level", "status", "changed_at", "url"])
            episode.changes.create(at=now, level=level, status=status, url=url, by=by, because=because)
        return episode

    def lift(self, *, now: datetime, url: str = "", by: Person | None = None, because: str = "") -> None:
        """Record that the authority ended it; a second time changes nothing."""
        if self.status == self.Status.LIFTED:
            return
        type(self).announce(
            self.zone, pollutant=self.pollutant_id, level=self.level, day=self.day, source=self.source,
            status=self.Status.LIFTED, now=now, url=url or self.url, by=by, because=because,
        )  # fmt: skip
        self.refresh_from_db()

    @property
    def stands(self) -> bool:
        """Whether it is forecast or in force."""
        return self.status != self.Status.LIFTED

    @property
    def is_of_particles(self) -> bool:
        """Whether wood fires count more than cars for it."""
        return self.pollutant_id in PARTICLES


PARTICLES: Sequence[str] = ("pm10", "pm25", "pm1")


class EpisodeChange(models.Model):
    """One dated word of the authority on an episode; rows are added, never changed."""

    episode = models.ForeignKey(Episode, models.CASCADE, related_name="changes")
    at = models.DateTimeField()
    level = models.ForeignKey(EpisodeLevel, models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=Episode.Status)
    url = models.URLField(max_length=500, blank=True)
    by = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    because = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["at", "pk"]
