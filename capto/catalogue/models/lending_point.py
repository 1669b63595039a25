from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from capto.members.models import Organisation, Territory

HORIZON_DAYS = (
    62  # how far a next open day is looked for: longer than a school's summer at a desk that says so
)
PARIS = ZoneInfo("Europe/Paris")


class NoOpenDay(Exception):
    """The lending point has no open day within the horizon: its hours or closures must be set right."""

    def __init__(self, point: "LendingPoint", after: date) -> None:
        super().__init__(f"{point} has no open day within {HORIZON_DAYS} days from {after}")
        self.point = point
        self.after = after


class HoursInDisorder(ValueError):
    """A desk opens before it closes, and two openings of a day do not meet."""

    def __init__(self, weekday: int) -> None:
        super().__init__(f"the hours of weekday {weekday} are in disorder")
        self.weekday = weekday


class LendingPoint(models.Model):
    """Where kits are lent and come back: a library, a town hall, the association's own desk."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="lending_points")
    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=80, unique=True)
    address = models.TextField(blank=True)
    territory = models.ForeignKey(Territory, models.PROTECT, null=True, blank=True)
    latitude = models.FloatField()  # degrees, WGS 84; a public building
    longitude = models.FloatField()
    accessibility = models.TextField(blank=True)  # step, lift, loop, parking: in plain words
    contact = models.CharField(max_length=200, blank=True)
    lends_by_post = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    is_simulated = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "name"], name="one_lending_point_of_a_name_per_organisation"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def is_open_on(self, day: date) -> bool:
        """True where the desk opens at some hour of this day and no closure holds it."""
        if not self.opening_hours.filter(weekday=day.isoweekday()).exists():
            return False
        return not self.closures.filter(starts_on__lte=day, ends_on__gte=day, office_only=False).exists()

    def week(self) -> list[tuple[str, str]]:
        """Give when the desk is open as people say it: days in a row that are alike together, with their hours.

        Reads `opening_hours` once, and not at all where they were prefetched.
        """
        hours: dict[int, list[str]] = {}
        for opening in self.opening_hours.all():
            hours.setdefault(opening.weekday, []).append(
                f"{opening.opens_at:%H:%M}–{opening.closes_at:%H:%M}"
            )
        rows: list[tuple[list[int], str]] = []
        for weekday in sorted(hours):
            said = ", ".join(hours[weekday])
            if rows and rows[-1] == ([*range(rows[-1][0][0], weekday)], said):
                rows[-1][0].append(weekday)
            else:
                rows.append(([weekday], said))
        return [(_days(days), said) for days, said in rows]

    def closures_from(self, day: date) -> list["Closure"]:
        """List the closures of the desk that are not over on a day, within the horizon; reads `closures` once."""
        last = day + timedelta(days=HORIZON_DAYS)
        return [
            closure
            for closure in self.closures.all()
            if not closure.office_only and closure.ends_on >= day and closure.starts_on <= last
        ]

    def open_days(self, first: date, last: date) -> list[date]:
        """List the days of [first, last] on which the desk opens, in two queries."""
        weekdays = set(self.opening_hours.values_list("weekday", flat=True))
        closed = list(
            self.closures.filter(starts_on__lte=last, ends_on__gte=first, office_only=False).values_list(
                "starts_on", "ends_on"
            )
        )
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return [
            day
            for day in days
            if day.isoweekday() in weekdays and not any(start <= day <= end for start, end in closed)
        ]

    def next_open_day(self, day: date) -> date:
        """Give the first open day from `day` on, `day` included.

        Raises NoOpenDay where none opens within HORIZON_DAYS: a due date never falls on a closed day in silence.
        """
        found = self.open_days(day, day + timedelta(days=HORIZON_DAYS))
        if not found:
            raise NoOpenDay(self, day)
        return found[0]

    def open_days_after(self, day: date, count: int) -> date:
        """Give the last of the `count` open days that follow `day`. Raises NoOpenDay as `next_open_day`."""
        for _turn in range(count):
            day = self.next_open_day(day + timedelta(days=1))
        return day

    def set_hours(self, hours: Iterable[tuple[int, time, time]]) -> None:
        """Replace the opening hours: (ISO weekday, opens, closes). Raises HoursInDisorder where two of a day meet."""
        wanted = sorted(set(hours))
        for (day, opens, closes), after in zip(wanted, [*wanted[1:], None], strict=True):
            if closes <= opens or (after is not None and after[0] == day and after[1] < closes):
                raise HoursInDisorder(day)
        with transaction.atomic():
            self.opening_hours.all().delete()
            OpeningHours.objects.bulk_create(
                OpeningHours(point=self, weekday=day, opens_at=opens, closes_at=closes)
                for day, opens, closes in wanted
            )

    def describe(self, **details: Any) -> None:
        """Correct what is said of the point: name, address, accessibility, contact, lends_by_post, is_active."""
        for name, value in details.items():
            setattr(self, name, value)
        self.save(update_fields=list(details))

    def is_open_at(self, moment: datetime) -> bool:
        """True where the desk is open at this moment."""
        local = moment.astimezone(PARIS)
        if not self.is_open_on(local.date()):
            return False
        at = local.time()
        return self.opening_hours.filter(
            weekday=local.isoweekday(), opens_at__lte=at, closes_at__gt=at
        ).exists()


def _days(days: list[int]) -> str:
    first, last = (str(OpeningHours.Weekday(day).label) for day in (days[0], days[-1]))
    if len(days) == 1:
        return first
    if len(days) == 2:
        return gettext("%(first)s et %(last)s") % {"first": first, "last": last}
    return gettext("%(first)s à %(last)s") % {"first": first, "last": last}


class OpeningHours(models.Model):
    """One opening of one weekday; a day with a lunch break has two."""

    class Weekday(models.IntegerChoices):
        MONDAY = 1, _("lundi")
        TUESDAY = 2, _("mardi")
        WEDNESDAY = 3, _("mercredi")
        THURSDAY = 4, _("jeudi")
        FRIDAY = 5, _("vendredi")
        SATURDAY = 6, _("samedi")
        SUNDAY = 7, _("dimanche")

    point = models.ForeignKey(LendingPoint, models.CASCADE, related_name="opening_hours")
    weekday = models.PositiveSmallIntegerField(choices=Weekday)  # ISO: Monday is 1
    opens_at = models.TimeField(default=time(9))
    closes_at = models.TimeField(default=time(17))

    class Meta:
        ordering = ["weekday", "opens_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(closes_at__gt=F("opens_at")), name="a_desk_closes_after_it_opens"
            ),
            models.CheckConstraint(condition=Q(weekday__range=(1, 7)), name="a_weekday_is_one_to_seven"),
            models.UniqueConstraint(
                fields=["point", "weekday", "opens_at"], name="one_opening_per_hour_of_a_weekday"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens_at:%H:%M}–{self.closes_at:%H:%M}"


class Closure(models.Model):
    """Days on which the desk stays shut: holidays, works, the end of a season."""

    point = models.ForeignKey(LendingPoint, models.CASCADE, related_name="closures")
    starts_on = models.DateField()
    ends_on = models.DateField()
    reason = models.CharField(max_length=200)
    office_only = models.BooleanField(default=False)  # the back office rests, the desk lends and takes back

    class Meta:
        ordering = ["starts_on"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="a_closure_ends_after_it_starts"
            )
        ]

    def __str__(self) -> str:
        return f"{self.starts_on} – {self.ends_on}, {self.reason}"
