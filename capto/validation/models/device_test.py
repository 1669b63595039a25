"""A maker's test on the bench: asked for, planned, followed, reported; never suppressed."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

import pgtrigger
from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from capto.catalogue.models import ObservedProperty, Sensor
from capto.members.models import Organisation
from capto.readings.models import ReferenceStation
from capto.readings.models.placement import PUBLIC_ID_ALPHABET
from capto.validation.models.bench import Bench
from capto.validation.models.co_location import BenchFull, CoLocation

if TYPE_CHECKING:
    from capto.members.models import Person

FEWEST_UNITS = 1
MOST_UNITS = 20
FIXED = (
    "calibration_starts_at", "calibration_ends_at", "scoring_starts_at", "scoring_ends_at", "fixed_at", "station_id",
    "protocol_id", "charter_id", "is_blind", "firmware", "units",
)  # fmt: skip


class NotAsked(Exception):
    """Only a test that is still asked for can be planned or declined."""


class StartsInThePast(Exception):
    """The periods of a test are fixed before it starts."""


class TooEarly(Exception):
    """The scoring period is not over: no report, no reference for the maker."""


class NoData(Exception):
    """No unit of the test has a value beside the reference yet."""


def new_test_id() -> str:
    """Draw the public id of a test."""
    return "".join(secrets.choice(PUBLIC_ID_ALPHABET) for _ in range(8))


class TestText(models.Model):
    """One version of the public protocol or of the charter, the same for everyone; never changed, only followed."""

    __test__ = False  # no test of pytest

    class Kind(models.TextChoices):
        PROTOCOL = "protocol", _("protocole")
        CHARTER = "charter", _("charte")

    kind = models.CharField(max_length=10, choices=Kind)
    version = models.CharField(max_length=20)
    french = models.TextField()  # Markdown
    english = models.TextField()
    published_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "version"], name="one_text_of_a_kind_and_version"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="a_published_text_is_kept", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.version}"

    @classmethod
    def in_force(cls, kind: str, *, now: datetime) -> "TestText":
        """Give the newest version of a kind that is published by now, or the first one that there is."""
        texts = cls.objects.filter(kind=kind)
        published = texts.filter(published_at__lte=now).order_by("published_at", "pk").last()
        return published or texts.earliest("published_at", "pk")


class DeviceTestQuerySet(models.QuerySet["DeviceTest"]):
    def accepted(self) -> Self:
        """Give the tests that the public sees: planned, running or over; a planned test is never unlisted."""
        return self.filter(fixed_at__isnull=False).order_by("-scoring_ends_at", "-pk")

    def of(self, person: "Person") -> Self:
        """Give the tests that a person asked for."""
        return self.filter(maker=person).order_by("-asked_at")


class DeviceTest(models.Model):
    """What a maker asks, what was fixed before the start, and what the maker says of the result."""

    class Way(models.TextChoices):
        BENCH = "bench", _("nous envoyons les appareils au banc")
        BRIDGE = "bridge", _("les appareils envoient leurs mesures à la passerelle")
        FILES = "files", _("nous déposons les fichiers après la période")

    public_id = models.CharField(max_length=20, unique=True, default=new_test_id)
    maker = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="device_tests")
    maker_name = models.CharField(max_length=200)  # as the public reads it
    device = models.CharField(max_length=200)
    firmware = models.CharField(max_length=100)
    quantities = models.ManyToManyField(ObservedProperty, related_name="+")
    units = models.PositiveSmallIntegerField()
    question = models.TextField()
    payer = models.CharField(max_length=200)
    way = models.CharField(max_length=10, choices=Way, default=Way.BENCH)
    is_blind = models.BooleanField(default=True)
    why_not_blind = models.CharField(max_length=300, blank=True)
    charter = models.ForeignKey(TestText, models.PROTECT, related_name="+")
    protocol = models.ForeignKey(TestText, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    charter_accepted_at = models.DateTimeField()
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="device_tests")
    station = models.ForeignKey(ReferenceStation, models.PROTECT, null=True, related_name="device_tests")
    calibration_starts_at = models.DateTimeField(null=True)
    calibration_ends_at = models.DateTimeField(null=True)
    scoring_starts_at = models.DateTimeField(null=True)
    scoring_ends_at = models.DateTimeField(null=True)
    fixed_at = models.DateTimeField(null=True)
    declined_at = models.DateTimeField(null=True)
    why_declined = models.CharField(max_length=300, blank=True)
    wants_volunteers = models.BooleanField(default=False)
    comment = models.TextField(blank=True)
    commented_at = models.DateTimeField(null=True)
    is_simulated = models.BooleanField(default=False)

    objects = DeviceTestQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(calibration_ends_at__lte=F("scoring_starts_at"))
                & Q(calibration_starts_at__lt=F("calibration_ends_at"))
                & Q(scoring_starts_at__lt=F("scoring_ends_at")),
                name="calibration_and_scoring_periods_never_overlap",
            ),
            models.CheckConstraint(
                condition=Q(fixed_at__lte=F("calibration_starts_at")),
                name="periods_are_fixed_before_the_start",
            ),
            models.CheckConstraint(
                condition=Q(fixed_at__isnull=True)
                | Q(
                    station__isnull=False, calibration_starts_at__isnull=False, scoring_ends_at__isnull=False
                ),
                name="a_planned_test_has_its_station_and_periods",
            ),
            models.CheckConstraint(
                condition=Q(is_blind=True) | ~Q(why_not_blind=""), name="a_test_that_is_not_blind_says_why"
            ),
            models.CheckConstraint(
                condition=Q(units__gte=FEWEST_UNITS) & Q(units__lte=MOST_UNITS), name="a_test_has_units"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="what_was_fixed_stays_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.fixed_at IS NOT NULL AND ("
                    + " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in FIXED)
                    + ")"
                ),
            ),
            pgtrigger.Protect(
                name="a_planned_test_is_kept",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__fixed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device} ({self.public_id})"

    @classmethod
    def ask(
        cls, *, by: "Person", quantities: Sequence[ObservedProperty], now: datetime, **told: Any
    ) -> "DeviceTest":
        """Ask for a test, the charter and the protocol in force accepted."""
        with transaction.atomic():
            test = cls.objects.create(
                maker=by,
                asked_at=now,
                charter_accepted_at=now,
                charter=TestText.in_force(TestText.Kind.CHARTER, now=now),
                protocol=TestText.in_force(TestText.Kind.PROTOCOL, now=now),
                **told,
            )
            test.quantities.set(quantities)
        return test

    def plan(
        self,
        *,
        organisation: Organisation,
        station: ReferenceStation,
        calibration: tuple[datetime, datetime],
        scoring: tuple[datetime, datetime],
        now: datetime,
    ) -> None:
        """Give the test its place and its two periods, for good.

        Raises NotAsked, StartsInThePast and BenchFull where the bench has fewer places free than units.
        """
        if calibration[0] < now:
            raise StartsInThePast(str(self))
        with transaction.atomic():
            ReferenceStation.objects.select_for_update(no_key=True).get(pk=station.pk)
            test = DeviceTest.objects.select_for_update(of=("self",)).get(pk=self.pk)
            if test.fixed_at is not None or test.declined_at is not None:
                raise NotAsked(str(self))
            if self.way != self.Way.FILES and free_places(station, calibration[0], scoring[1]) < self.units:
                raise BenchFull(str(station))
            self.organisation, self.station, self.fixed_at = organisation, station, now
            self.calibration_starts_at, self.calibration_ends_at = calibration
            self.scoring_starts_at, self.scoring_ends_at = scoring
            self.save()
            for number in range(1, self.units + 1):
                TestUnit.objects.create(test=self, label=f"{number}")

    def decline(self, *, why: str, now: datetime) -> None:
        """Decline a request, with the reason that the maker reads. Raises NotAsked."""
        changed = DeviceTest.objects.filter(pk=self.pk, fixed_at=None, declined_at=None).update(
            declined_at=now, why_declined=why
        )
        if not changed:
            raise NotAsked(str(self))
        self.refresh_from_db()

    def say(self, comment: str, *, now: datetime) -> None:
        """Write the maker's comment, shown beside the verdict."""
        self.comment, self.commented_at = comment.strip(), now
        self.save(update_fields=["comment", "commented_at"])

    def shows_reference(self, *, now: datetime) -> bool:
        """Tell whether the maker may see the reference: in a blind test, only once the scoring period is over."""
        return not self.is_blind or self.is_over(now=now)

    def is_over(self, *, now: datetime) -> bool:
        """Tell whether the scoring period is over."""
        return self.scoring_ends_at is not None and self.scoring_ends_at <= now


def free_places(station: ReferenceStation, starts_at: datetime, ends_at: datetime) -> int:
    """Count the places that stay free at a bench all over [starts_at, ends_at): stays and planned tests take theirs."""
    from capto.validation.models.bench import taken

    stays = taken(station, starts_at=starts_at, ends_at=ends_at)
    others = TestUnit.objects.filter(
        test__station=station, co_location=None, test__calibration_starts_at__lt=ends_at,
        test__scoring_ends_at__gt=starts_at,
    ).exclude(test__way=DeviceTest.Way.FILES)  # fmt: skip
    return Bench.places_of(station) - stays - others.count()


class TestUnit(models.Model):
    """One unit of the device: a sensor that sends, or a file that the maker gave after the period."""

    __test__ = False

    test = models.ForeignKey(DeviceTest, models.CASCADE, related_name="test_units")
    label = models.CharField(max_length=60)
    sensor = models.ForeignKey(Sensor, models.PROTECT, null=True, blank=True, related_name="+")
    co_location = models.ForeignKey(CoLocation, models.SET_NULL, null=True, blank=True, related_name="+")
    file = models.BinaryField(null=True)  # as it was given
    file_name = models.CharField(max_length=200, blank=True)
    given_at = models.DateTimeField(null=True)
    reading = models.JSONField(default=dict, blank=True)  # options of `capto evaluate` that the file needs

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["test", "label"], name="one_unit_of_a_label_in_a_test"),
        ]

    def __str__(self) -> str:
        return f"{self.test_id}/{self.label}"

    def stand(self, sensor: Sensor, *, by: "Person", now: datetime) -> None:
        """Say which sensor this unit is, and plan its stay at the bench. Raises BenchFull and SensorElsewhere."""
        test = self.test
        assert test.station is not None and test.calibration_starts_at is not None
        assert test.scoring_ends_at is not None
        with transaction.atomic():
            self.co_location = CoLocation.plan(
                sensor,
                station=test.station,
                starts_at=test.calibration_starts_at,
                ends_at=test.scoring_ends_at,
                by=by,
                note=str(test),
            )
            self.sensor = sensor
            self.save(update_fields=["sensor", "co_location"])

    def give(
        self, content: bytes, *, name: str, now: datetime, reading: Mapping[str, str] | None = None
    ) -> None:
        """Keep the file of this unit and how it is read; it replaces the one before as long as there is no report."""
        self.file, self.file_name, self.given_at, self.reading = content, name[:200], now, dict(reading or {})
        self.save(update_fields=["file", "file_name", "given_at", "reading"])


class TestReport(models.Model):
    """One version of the report of one quantity; a correction makes another version, the first one stays."""

    __test__ = False

    test = models.ForeignKey(DeviceTest, models.PROTECT, related_name="reports")
    property = models.ForeignKey(ObservedProperty, models.PROTECT, related_name="+")
    version = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()
    why = models.CharField(max_length=300, blank=True)  # of a later version
    document = models.JSONField()
    french = models.TextField()  # the body of the page
    english = models.TextField()
    data = models.BinaryField()  # the files that it was made of, as one ZIP

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["test", "property", "version"], name="one_report_of_a_version_and_quantity"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="a_report_is_never_changed", operation=pgtrigger.Update),
            pgtrigger.Protect(name="a_report_is_never_suppressed", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.test} {self.property_id} v{self.version}"
