"""The loans, holds and upkeep of the simulated library: what stands behind the placements of its sensors.

Past loans are written as they ended, in a few statements; what waits today is asked for by the verbs of `lending`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from capto.catalogue.models import Kit, LendingPoint, Sensor, Transfer, UpkeepDone, UpkeepTicket
from capto.lending.days import end_of, local_day
from capto.lending.models import Hold, Loan, LoanExtension, LoanPart, LoanPlacement, Occupancy
from capto.lending.models.occupancy import half_open
from capto.lending.refusals import Refusal
from capto.members.demo_accounts import BORROWER
from capto.members.models import BorrowerGroup, Charter, Person
from capto.readings.models import Place, Placement
from capto.simulation.borrowers import Borrowers, settle
from capto.simulation.fleet import city_of, unit_of
from capto.simulation.library import LOAN_DAYS, RENEWAL_DAYS, Library, open_library, put_into_kits
from capto.simulation.lived import live_with
from capto.simulation.models import SimulatedCity
from capto.simulation.units import Fault

DUE_TODAY: Final = 2  # open loans that end on the day on which the city is opened
SHORT_PARTS: Final = 17  # one loan in so many comes back without all its small parts
HOLDS: Final = 6  # people who ask for a kit for the weeks to come
SHOWN_DAYS: Final = (6, 16)  # the demo's borrower has had their kit for a while, and keeps it for another


class Kept(NamedTuple):
    """One placement on loan with its borrower."""

    placement: Placement
    kit: Kit
    person: Person
    group: BorrowerGroup | None


def lend_out(row: SimulatedCity, *, now: datetime) -> None:
    """Create the library, its borrowers, the loans of the fleet's placements, and what waits today."""
    sensors = list(Sensor.objects.filter(is_simulated=True).select_related("owner__territory").order_by("pk"))
    since = row.history_starts_at
    library = open_library(sensors[0].owner, now=now)
    kits = put_into_kits(library, sensors, now=since)
    borrowers = settle(library, since=since, now=now)
    placements = list(
        Placement.objects.filter(sensor__in=sensors)
        .select_related("sensor", "place")
        .order_by("starts_at", "pk")
    )
    lent = [placement for placement in placements if placement.purpose == Placement.Purpose.LOAN]
    kept = _borrowed(lent, kits, borrowers, now=now)
    loans = _write(kept, library, now=now)
    _occupy(loans, library)
    _upkeep(placements, kits, library)
    _report(row, sensors, kits, now=now)
    live_with(loans, now=now)
    _ask(library, borrowers, {loan.person_id for loan in loans if loan.state == Loan.State.OPEN}, now=now)
    _between_points(library, now=now)


def _borrowed(
    lent: Sequence[Placement], kits: dict[int, Kit], borrowers: Borrowers, *, now: datetime
) -> list[Kept]:
    """Find who had each sensor: nobody has two kits at once, but schools and associations."""
    free_from: dict[int, datetime] = {}
    shown = _for_the_demo(lent, borrowers, now=now)
    kept = []
    for number, placement in enumerate(lent):
        group: BorrowerGroup | None = None
        if placement.place.kind == Place.Kind.SCHOOL:
            group = borrowers.schools[placement.place.label]
            person = group.responsible
        elif placement.place.kind == Place.Kind.PUBLIC:
            group = borrowers.associations[number % len(borrowers.associations)]
            person = group.responsible
        elif placement is shown:
            person = borrowers.residents[0]
        else:
            person = min(
                (one for one in borrowers.residents if shown is None or one != borrowers.residents[0]),
                key=lambda one: (free_from.get(one.pk, placement.starts_at), one.pk * 7919 % 104_729),
            )
        free_from[person.pk] = placement.ends_at or now + timedelta(days=365)
        kept.append(Kept(placement, kits[placement.sensor_id], person, group))
    return kept


def _for_the_demo(lent: Sequence[Placement], borrowers: Borrowers, *, now: datetime) -> Placement | None:
    """Choose the open loan of the demo's own borrower, where there is that account."""
    if borrowers.residents[0].email != BORROWER:
        return None
    first, last = (now - timedelta(days=days) for days in reversed(SHOWN_DAYS))
    at_home = [one for one in lent if one.ends_at is None and one.place.kind == Place.Kind.HOME]
    in_time = [one for one in at_home if first <= one.starts_at <= last and not one.place.is_indoor]
    return next(iter([*in_time, *at_home]), None)


def _write(kept: Sequence[Kept], library: Library, *, now: datetime) -> list[Loan]:
    """Write the loans with their placements, parts and renewals."""
    charter = Charter.current(now=now)
    start = min((one.placement.starts_at for one in kept), default=now)
    open_days = {point.pk: OpenDays(point, start, now) for point in library.points}
    still_out = [one.placement for one in kept if one.placement.ends_at is None]
    longest = min(still_out, key=lambda placement: placement.starts_at, default=None)
    due_today = _due_today(kept, open_days, now=now)
    loans, extensions = [], []
    for one in kept:
        placement, point = one.placement, one.kit.point
        first = open_days[point.pk].from_(local_day(placement.starts_at) + timedelta(days=LOAN_DAYS))
        longer = open_days[point.pk].from_(first + timedelta(days=RENEWAL_DAYS))
        gone = local_day(placement.ends_at or now)
        # who is late by some days forgot, who kept it longer had asked, and one neither asks nor answers
        renewed = gone > first + timedelta(days=4) and placement is not longest
        loan = Loan(
            kit=one.kit,
            person=one.person,
            group=one.group,
            point=point,
            policy=library.school_policy if one.group and one.group.category == "school" else library.policy,
            charter=charter,
            lent_at=placement.starts_at,
            due_on=local_day(now) if placement in due_today else longer if renewed else first,
            renewals=int(renewed and placement not in due_today),
            is_simulated=True,
        )
        if placement.ends_at is not None:
            loan.state = Loan.State.CHECKED
            loan.returned_at = loan.closed_at = placement.ends_at
            loan.returned_point = point
        loans.append(loan)
        if loan.renewals:
            asked = placement.starts_at + timedelta(days=LOAN_DAYS - 3)
            extensions.append(LoanExtension(loan=loan, number=1, from_due=first, to_due=longer, at=asked))
    Loan.objects.bulk_create(loans)
    LoanExtension.objects.bulk_create(extensions)
    LoanPlacement.objects.bulk_create(
        LoanPlacement(loan=loan, placement=one.placement) for loan, one in zip(loans, kept, strict=True)
    )
    _count_parts(loans)
    return loans


class OpenDays:
    """The open days of a lending point over a long time, read once."""

    def __init__(self, point: LendingPoint, start: datetime, end: datetime) -> None:
        self._days = point.open_days(local_day(start), local_day(end) + timedelta(days=120))

    def from_(self, day: date) -> date:
        """Give the first open day from a day on."""
        return next(opened for opened in self._days if opened >= day)

    def __contains__(self, day: date) -> bool:
        return day in self._days


def _due_today(kept: Sequence[Kept], open_days: dict[int, OpenDays], *, now: datetime) -> list[Placement]:
    """Choose the open loans that were agreed to end today, so that the desk has something to expect."""
    today = local_day(now)
    candidates = [
        one.placement
        for one in kept
        if one.placement.ends_at is None
        and one.person.email != BORROWER
        and today in open_days[one.kit.point_id]
        and timedelta(days=12) < now - one.placement.starts_at < timedelta(days=LOAN_DAYS)
    ]
    return candidates[:DUE_TODAY]


def _count_parts(loans: Sequence[Loan]) -> None:
    """Write the checklists: what went out came back, but for some small parts of some loans."""
    parts_of = {kit.pk: list(kit.accessories.all()) for kit in {loan.kit for loan in loans}}
    lines = []
    for number, loan in enumerate(loans):
        for part in parts_of[loan.kit_id]:
            lost = int(number % SHORT_PARTS == 5 and not part.is_essential and part.quantity > 1)
            back = part.quantity - lost if loan.returned_at else None
            lines.append(LoanPart(loan=loan, accessory=part, out=part.quantity, back=back))
    LoanPart.objects.bulk_create(lines)


def _occupy(loans: Sequence[Loan], library: Library) -> None:
    """Keep each kit occupied by its loan and by the rest after it, at most until the next loan."""
    of_kit: dict[int, list[Loan]] = defaultdict(list)
    for loan in loans:
        of_kit[loan.kit_id].append(loan)
    rows = []
    for row in of_kit.values():
        row.sort(key=lambda loan: loan.lent_at)
        for loan, following in zip(row, [*row[1:], None], strict=True):
            end = (loan.returned_at or end_of(loan.due_on)) + library.policy.rest
            if following is not None:
                end = min(end, following.lent_at)
            rows.append(Occupancy(kit=loan.kit, loan=loan, period=half_open(loan.lent_at, end)))
    Occupancy.objects.bulk_create(rows)


def _upkeep(placements: Iterable[Placement], kits: dict[int, Kit], library: Library) -> None:
    """Note the comparisons that are done, and the cleaning that goes with each."""
    done = []
    for placement in placements:
        if placement.purpose != Placement.Purpose.CO_LOCATION or placement.ends_at is None:
            continue
        kit = kits[placement.sensor_id]
        compare, clean = library.upkeep[placement.sensor.model_id]
        done.append(UpkeepDone(kit=kit, plan=compare, at=placement.ends_at))
        done.append(UpkeepDone(kit=kit, plan=clean, at=placement.starts_at + timedelta(hours=20)))
    UpkeepDone.objects.bulk_create(done)


def _report(row: SimulatedCity, sensors: Sequence[Sensor], kits: dict[int, Kit], *, now: datetime) -> None:
    """Open the tickets of the kits whose faults someone has seen."""
    city = city_of(row)
    said = {
        Fault.FAN: ("Plus aucune mesure de particules depuis deux jours ; le ventilateur est arrêté.", True),
        Fault.SPIDER: ("Pics isolés très élevés, plusieurs fois par semaine : ouvrir et regarder.", False),
        Fault.RADIO: ("Un message sur trois se perd : Wi-Fi faible chez l’emprunteur ?", False),
    }
    tickets: list[UpkeepTicket] = []
    for sensor in sensors:
        found = said.get(unit_of(sensor, city).fault)
        if found:
            what, blocks = found
            opened = now - timedelta(hours=20 + 31 * len(tickets))
            tickets.append(
                UpkeepTicket(kit=kits[sensor.pk], what=what, blocks_lending=blocks, opened_at=opened)
            )
    UpkeepTicket.objects.bulk_create(tickets)


def _ask(library: Library, borrowers: Borrowers, busy: set[int | None], *, now: datetime) -> None:
    """Let some people ask for a kit; the library's own rules put kits aside for those whose days are near."""
    asking = [person for person in borrowers.residents if person.pk not in busy][:HOLDS]
    kinds = list(library.kinds.values())
    for number, person in enumerate(asking):
        if number == 0:  # one is served by post
            person.correct(postal_address="1 rue de l’Exemple (simulée)\n00000 Simulation")
        point = library.points[number % len(library.points)]
        first = point.next_open_day(local_day(now) + timedelta(days=3 + 6 * number))
        try:
            Hold.ask(
                kinds[number % len(kinds)],
                person=person,
                point=point,
                starts_on=first,
                ends_on=point.next_open_day(first + timedelta(days=21)),
                now=now,
                by_post=number == 0,
                entry="command",
            )
        except Refusal:  # such as a desk that is closed for the holidays: nobody asks for those days
            continue


def _between_points(library: Library, *, now: datetime) -> None:
    """Let one kit that nobody has or waits for be on its way to another point, where one is on its shelf."""
    taken = Occupancy.objects.filter(period__endswith__gt=now).values("kit")
    kit = Kit.objects.filter(is_simulated=True, point__in=library.points).exclude(pk__in=taken).last()
    others = [point for point in library.points if kit is not None and point.pk != kit.point_id]
    if kit is not None and others:
        Transfer.send(
            kit, to=others[0], by=None, now=now - timedelta(hours=5), reason="Manque à l’autre point (simulé)"
        )
