"""Each bug that reference/lending.md, section 5, lists of other systems, as a test of ours.

Those of the desk's page (a request posted twice, one rule at every entry) are in test_desk.py; those of imports and
codes in tests/catalogue and tests/members.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from capto.catalogue.models import Kit
from capto.lending.models import Hold, Loan, Occupancy
from capto.lending.models.occupancy import half_open
from capto.lending.refusals import (
    AlreadyHeld,
    AlreadyLentToThem,
    AlreadyOnLoan,
    Busy,
    ExtensionMeetsBooking,
    HasLateLoan,
    HoldClosed,
    KitOutOfService,
    KitReserved,
    NotOnLoan,
    Refusal,
    TooManyLoans,
)
from capto.lending.reminders import queue_reminders
from capto.members.messages import send_waiting
from capto.members.models import Campaign, Message, Person
from capto.readings.models import Placement

if TYPE_CHECKING:
    from tests.lending.conftest import Library

AtOnce = Callable[[Callable[[Any], Any], list[Any]], list[Any]]
threads = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def _won(answers: list[Any], kind: type) -> list[Any]:
    return [answer for answer in answers if isinstance(answer, kind)]


@threads
def test_twenty_threads_on_the_last_kit_lend_it_once(library: "Library", at_once: AtOnce) -> None:
    """LibreBooking#147, snipe-it#2347: the same instant, both confirmed."""
    kit = library.kit()
    people = [library.person() for _n in range(20)]
    answers = at_once(lambda person: library.lend(kit, person), people)
    assert len(_won(answers, Loan)) == 1
    assert len(_won(answers, AlreadyOnLoan)) + len(_won(answers, Busy)) == 19
    assert Loan.objects.open().count() == 1 and Placement.objects.count() == 1


@threads
def test_one_person_with_two_windows_borrows_no_more_than_the_rule(
    library: "Library", at_once: AtOnce
) -> None:
    """commonsbooking#2301, #1518: a rule beaten with two windows."""
    alice = library.person()
    kits = [library.kit() for _n in range(8)]
    answers = at_once(lambda kit: library.lend(kit, alice), kits)
    assert len(_won(answers, Loan)) == 1
    assert len(_won(answers, TooManyLoans)) + len(_won(answers, Busy)) == 7


@threads
def test_twenty_threads_asking_for_the_last_kit_put_it_aside_once(
    library: "Library", at_once: AtOnce
) -> None:
    """Shelf#3036: kits booked twice."""
    library.kit()
    people = [library.person() for _n in range(20)]
    answers = at_once(lambda person: library.hold(person, library.day(7), library.day(21)), people)
    holds = _won(answers, Hold)
    assert len(holds) + len(_won(answers, Busy)) == 20
    assert Hold.objects.filter(state="ready").count() == 1 == Occupancy.objects.count()


@threads
def test_the_same_hold_from_two_windows_is_one_hold(library: "Library", at_once: AtOnce) -> None:
    """commonsbooking#581: overlapping bookings of one person."""
    alice = library.person()
    answers = at_once(lambda _n: library.hold(alice, library.day(7), library.day(21)), list(range(6)))
    assert len(_won(answers, Hold)) == 1 and len(_won(answers, AlreadyHeld)) == 5


@threads
def test_a_return_and_a_renewal_at_once_leave_one_clear_state(library: "Library", at_once: AtOnce) -> None:
    """shelf#2830: custody overwritten by a racing write."""
    for _turn in range(5):
        loan = library.lend(library.kit(), library.person())

        def act(what: str, loan: Loan = loan) -> str:
            if what == "renew":
                Loan.objects.get(pk=loan.pk).renew(now=library.now)
            else:
                library.take_back(loan.kit)
            return what

        answers = at_once(act, ["renew", "return"])
        loan.refresh_from_db()
        assert "return" in answers and loan.state == Loan.State.RETURNED
        assert loan.renewals == (1 if "renew" in answers else 0)


@threads
def test_two_returns_at_once_are_one_return(library: "Library", at_once: AtOnce) -> None:
    kit = library.kit()
    library.lend(kit, library.person())
    answers = at_once(lambda _n: library.take_back(kit), list(range(6)))
    assert len(_won(answers, Loan)) == 1 and len(_won(answers, NotOnLoan)) == 5


@threads
def test_two_renewals_at_once_count_once(library: "Library", at_once: AtOnce) -> None:
    loan = library.lend(library.kit(), library.person())

    def renew(_n: int) -> str:
        Loan.objects.get(pk=loan.pk).renew(now=library.now)
        return "renewed"

    answers = at_once(renew, list(range(6)))
    loan.refresh_from_db()
    assert answers.count("renewed") == 1 == loan.renewals


@threads
def test_joining_and_leaving_a_queue_at_once_never_stops(library: "Library", at_once: AtOnce) -> None:
    """circulate#235, #337: list positions deadlock."""
    library.kit()
    people = [library.person() for _n in range(10)]
    early = [library.hold(person, library.day(7), library.day(21)) for person in people[:5]]

    def act(what: Any) -> Any:
        if isinstance(what, Hold):
            what.cancel(now=library.now)
            return "left"
        return library.hold(what, library.day(7), library.day(21))

    answers = at_once(act, [*early, *people[5:]])
    assert not [a for a in answers if isinstance(a, Exception) and not isinstance(a, Busy | HoldClosed)]
    assert Hold.objects.filter(state="ready").count() == 1


def test_a_reserved_kit_is_not_given_away_by_a_scan(library: "Library") -> None:
    """leihs#1628: the scanner gives away a reserved copy; leihs#1291: overbooked today."""
    kit = library.kit()
    library.hold(library.person(), library.day(1), library.day(14))
    with pytest.raises(KitReserved) as refused:
        library.lend(kit, library.person("Bruno"))
    assert "mercredi 25 novembre" in refused.value.what


def test_a_walk_in_before_a_booking_is_shortened_and_says_so(library: "Library") -> None:
    kit = library.kit()
    library.hold(library.person(), library.day(14), library.day(28))
    loan = library.lend(kit, library.person("Bruno"))
    # the booking begins on Tuesday 8 December, a day of rest before it: Saturday 5 is the last open day
    assert loan.due_on == library.day(11)


def test_a_walk_in_moves_a_booking_to_another_kit_where_one_is_free(library: "Library") -> None:
    kit, other = library.kit(), library.kit()
    hold = library.hold(library.person(), library.day(1), library.day(14))
    assert hold.kit == kit
    loan = library.lend(kit, library.person("Bruno"))
    hold.refresh_from_db()
    assert hold.kit == other and loan.due_on == library.day(21)


def test_the_same_copy_twice_to_one_person_is_said_and_not_done(library: "Library") -> None:
    """leihs#204, #701."""
    kit, alice = library.kit(), library.person()
    library.lend(kit, alice)
    with pytest.raises(AlreadyLentToThem):
        library.lend(kit, alice)
    assert Loan.objects.count() == 1


def test_a_retired_copy_is_refused_loudly(library: "Library") -> None:
    """leihs#578."""
    kit = library.kit()
    kit.set_state(Kit.State.RETIRED, reason="boîtier fendu")
    with pytest.raises(KitOutOfService):
        library.lend(kit, library.person())


def test_a_path_without_the_guard_is_stopped_by_the_database(library: "Library") -> None:
    """shelf#2662: a path without the conflict guard."""
    kit = library.kit()
    library.lend(kit, library.person())
    period = half_open(library.now + timedelta(days=3), library.now + timedelta(days=5))
    with pytest.raises(IntegrityError, match="no_overlapping_occupancy_of_a_kit"), transaction.atomic():
        Occupancy.objects.bulk_create([Occupancy(kit=kit, period=period, reason="banc")])


def test_a_sensor_of_a_kit_on_loan_cannot_be_placed_elsewhere(library: "Library") -> None:
    """shelf#1817: conflicts inside kits unseen. A sensor is lent with its kit, and stands at one place."""
    loan = library.lend(library.kit(sensors=2), library.person())
    sensor = loan.kit.sensors.all()[1]
    place = Placement.objects.filter(loan_placement__loan=loan)[0].place
    with pytest.raises(IntegrityError, match="placement"), transaction.atomic():
        Placement.objects.create(sensor=sensor, place=place, starts_at=library.now + timedelta(days=1))


def test_an_extension_over_the_next_booking_is_refused_with_the_date(library: "Library") -> None:
    """shelf#1761."""
    loan = library.lend(library.kit(), library.person(), due_on=library.day(7))
    library.hold(library.person("Bruno"), library.day(14), library.day(28))
    with pytest.raises(ExtensionMeetsBooking) as refused:
        loan.renew(now=library.now)
    assert "8 décembre" in refused.value.what


def test_lending_consumes_the_booking(library: "Library") -> None:
    """Koha bug 40296: booking not closed when lent, counted twice."""
    kit, alice = library.kit(), library.person()
    library.hold(alice, library.day(0), library.day(10))
    library.lend(kit, alice)
    assert Occupancy.objects.count() == 1 and not Hold.objects.running().exists()


def test_a_return_is_never_stopped_by_what_is_planned(library: "Library") -> None:
    """Koha bug 41887: the clash check on closing gives a server error."""
    library.set_policy(buffer_after_hours=72)
    kit = library.kit()
    library.lend(kit, library.person(), due_on=library.day(7))
    Occupancy.objects.create(
        kit=kit,
        period=half_open(library.now + timedelta(days=14), library.now + timedelta(days=20)),
        reason="exposition",
    )
    loan = library.take_back(kit, now=library.now + timedelta(days=16))  # late, into the exhibition
    assert loan.state == Loan.State.RETURNED
    other = library.kit()
    hold = library.hold(library.person("Bruno"), library.day(7), library.day(14))
    assert hold.kit == other
    hold.cancel(now=library.now)  # completed and cancelled need no room either


def test_a_late_return_on_a_day_held_by_another_sends_that_hold_back_and_tells(library: "Library") -> None:
    kit = library.kit()
    library.lend(kit, library.person(), due_on=library.day(4))
    hold = library.hold(library.person("Bruno"), library.day(8), library.day(21))
    assert hold.kit == kit
    library.take_back(kit, now=library.now + timedelta(days=8))
    hold.refresh_from_db()
    assert hold.state == Hold.State.WAITING
    assert Message.objects.filter(key__startswith=f"lending:kit_taken_back:{hold.pk}").exists()


def test_a_returned_loan_keeps_its_key_and_its_table(library: "Library") -> None:
    """Koha bugs 18966, 18242, 18651: moving rows to a history table loses some."""
    loan = library.lend(library.kit(), library.person())
    library.take_back(loan.kit)
    assert Loan.objects.get(pk=loan.pk).public_id == loan.public_id


def test_who_brought_back_what_was_late_borrows_again_at_once(library: "Library") -> None:
    """Koha bug 26208: after lifting it, a phantom of the suspension stays."""
    library.set_policy(loans_at_once=3)
    alice, kit = library.person(), library.kit()
    library.lend(kit, alice)
    late = library.now + timedelta(days=30)
    with pytest.raises(HasLateLoan):
        library.lend(library.kit(), alice, now=late)
    library.take_back(kit, now=late)
    assert library.lend(library.kit(), alice, now=late).person == alice


def test_nothing_of_a_suspension_is_stored(library: "Library") -> None:
    """Koha bug 26208: a suspension stored twice drifts. Here being late follows from the loan, and nothing else."""
    names = {field.name for field in Person._meta.get_fields()} | {f.name for f in Loan._meta.get_fields()}
    assert not {name for name in names if "suspend" in name or "blocked" in name or "overdue" in name}


@pytest.mark.parametrize("days", [18, 21, 22, 28])
def test_no_reminder_leaves_after_the_return(library: "Library", days: int) -> None:
    """Librarika#318: return between enqueue and send."""
    loan = library.lend(library.kit(), library.person())
    send_waiting(now=library.now)
    mail.outbox.clear()
    morning = library.now + timedelta(days=days)
    assert queue_reminders(now=morning) == 1
    library.take_back(loan.kit, now=morning)
    send_waiting(now=morning + timedelta(minutes=1))
    assert [message.subject for message in mail.outbox] == [f"Le kit {loan.kit.code} est bien rendu"]
    reminder = Message.objects.exclude(key__contains="lent").exclude(key__contains="returned").get()
    assert reminder.dropped_because == "nothing_left_to_say"


def test_a_mail_server_that_is_down_fails_no_loan(library: "Library", settings: Any) -> None:
    """shelf#2924: error after commit, the client retries, handed out twice."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_PORT = 1
    loan = library.lend(library.kit(), library.person())
    assert send_waiting(now=library.now) == 0
    assert Loan.objects.get(pk=loan.pk).state == "open"
    assert Message.objects.get().tries == 1


def test_a_booking_without_stock_waits_and_is_never_ready(library: "Library") -> None:
    """leihs#1940."""
    hold = library.hold(library.person(), library.day(7), library.day(21))
    assert hold.state == Hold.State.WAITING and hold.kit is None


@threads
def test_twenty_kits_added_at_once_have_distinct_codes_and_no_error(
    library: "Library", at_once: AtOnce
) -> None:
    """snipe-it#14476: duplicate tags; #15553: the automatic tag fails."""
    made = at_once(lambda _n: Kit.add(library.kind, point=library.point, now=library.now), list(range(20)))
    assert all(isinstance(kit, Kit) for kit in made), made
    assert len({kit.code for kit in made}) == 20
    parts = [part.code for kit in made for part in kit.accessories.all()]
    assert len(parts) == 60 == len(set(parts))


@threads
def test_one_person_in_two_browsers_who_confirms_both_has_one_hold(
    library: "Library", at_once: AtOnce
) -> None:
    """commonsbooking#2301: two logins, both confirmed; here on the page, each with its own form and session."""
    library.now = timezone.now()
    alice = library.person()
    for _n in range(2):
        library.kit()
    first = library.point.next_open_day(library.day(7))
    last = library.point.next_open_day(first + timedelta(days=7))
    told = {"point": library.point.slug, "starts_on": first.isoformat(), "ends_on": last.isoformat()}

    def confirm(_n: int) -> int:
        browser = Client()
        browser.force_login(alice)
        return browser.post("/emprunter/particules-dehors/", told).status_code

    statuses = at_once(confirm, [1, 2])
    assert sorted(statuses) == [200, 302], statuses
    assert Hold.objects.count() == 1


@threads
def test_campaign_seats_are_not_oversold(library: "Library", at_once: AtOnce) -> None:
    """eventyay#1359, for the seats of a campaign; those of training are in tests/training."""
    campaign = Campaign.objects.create(
        question="?",
        slug="q",
        organisation=library.organisation,
        territory_id=_territory(),
        mediator=library.person("Théo"),
        starts_on=library.day(0),
        ends_on=library.day(60),
        seats=3,
    )
    people = [library.person() for _n in range(12)]
    at_once(lambda person: campaign.seat(person, now=library.now), people)
    assert campaign.participants.count() == 3


def _territory() -> int:
    from capto.members.models import Territory

    return Territory.objects.create(name="Annecy").pk


def test_a_desk_that_waits_too_long_is_told_to_try_again(library: "Library") -> None:
    assert issubclass(Busy, Refusal) and "quelques secondes" in Busy().way_out
