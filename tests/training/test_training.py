import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test import Client
from icalendar import Calendar

from capto.catalogue.models import KitModel, LendingPoint
from capto.members.messages import send_waiting
from capto.members.models import Message, Organisation, Person, StaffRole
from capto.members.roles import Role
from capto.training.calendar_file import calendar_file
from capto.training.children_sheet import SHEET
from capto.training.models import (
    AlreadyStarted,
    BorrowingRight,
    Course,
    CourseSession,
    Enrolment,
    SessionCancelled,
)
from capto.training.models.enrolment import cancel, set_seats
from capto.training.reminders import queue_endings, queue_reminders

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
threads = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def course(db: None) -> Course:
    organisation = Organisation.objects.create(name="Air du Lac")
    course = Course.objects.create(
        name="Première pose", slug="premiere-pose", organisation=organisation, right_days=730
    )
    course.kit_models.add(KitModel.objects.create(name="Particules dehors", slug="particules-dehors"))
    return course


@pytest.fixture
def make(course: Course) -> Callable[..., CourseSession]:
    def make(seats: int = 2, starts_at: datetime = NOW + timedelta(days=7), **fields: Any) -> CourseSession:
        return CourseSession.objects.create(
            course=course,
            place="Salle des fêtes",
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=2),
            seats=seats,
            **fields,
        )

    return make


def _person(name: str = "Alice") -> Person:
    number = Person.objects.count()
    return Person.objects.create_user(f"p{number}@exemple.test", name=name)


@threads
def test_twenty_threads_on_the_last_seat_seat_one_and_list_the_others(
    make: Callable[..., CourseSession],
) -> None:
    """eventyay#1359, #1378: oversold seats after a lock was dropped for speed."""
    session = make(seats=1)
    people = [_person() for _n in range(20)]

    def join(person: Person) -> str:
        try:
            return Enrolment.join(session, person=person, now=NOW).state
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        states = list(pool.map(join, people))
    assert states.count("seated") == 1 and states.count("waiting") == 19


@threads
def test_joining_and_leaving_at_once_never_oversells(make: Callable[..., CourseSession]) -> None:
    session = make(seats=3)
    seated = [Enrolment.join(session, person=_person(), now=NOW) for _n in range(3)]
    people = [_person() for _n in range(7)]

    def act(what: Any) -> None:
        try:
            if isinstance(what, Enrolment):
                what.leave(now=NOW)
            else:
                Enrolment.join(session, person=what, now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(act, [*seated, *people]))
    assert Enrolment.objects.filter(state="seated").count() == 3
    assert Enrolment.objects.filter(state="waiting").count() == 4


def test_the_waiting_list_moves_up_in_the_order_of_asking(make: Callable[..., CourseSession]) -> None:
    session = make(seats=1)
    first = Enrolment.join(session, person=_person(), now=NOW)
    second = Enrolment.join(session, person=_person("Bruno"), now=NOW + timedelta(minutes=1))
    third = Enrolment.join(session, person=_person("Carole"), now=NOW + timedelta(minutes=2))
    assert (second.rank_in_waiting_list(), third.rank_in_waiting_list()) == (1, 2)
    first.leave(now=NOW + timedelta(hours=1))
    second.refresh_from_db()
    third.refresh_from_db()
    assert (first.state, second.state, third.state) == ("left", "seated", "waiting")
    assert third.rank_in_waiting_list() == 1
    send_waiting(now=NOW + timedelta(hours=2))
    moved = [m for m in mail.outbox if "Une place s’est libérée" in m.subject]
    assert [m.to for m in moved] == [[second.person.email]]


def test_more_seats_let_those_who_wait_in_and_fewer_put_nobody_out(
    make: Callable[..., CourseSession],
) -> None:
    session = make(seats=1)
    waiting = [Enrolment.join(session, person=_person(), now=NOW + timedelta(minutes=n)) for n in range(3)]
    set_seats(session, seats=2, now=NOW)
    assert Enrolment.objects.filter(state="seated").count() == 2
    set_seats(session, seats=1, now=NOW)
    assert Enrolment.objects.filter(state="seated").count() == 2
    waiting[0].leave(now=NOW)
    assert Enrolment.objects.filter(state="seated").count() == 1


def test_joining_twice_is_joining_once_also_after_leaving(make: Callable[..., CourseSession]) -> None:
    session, alice = make(), _person()
    first = Enrolment.join(session, person=alice, now=NOW)
    assert Enrolment.join(session, person=alice, now=NOW) == first
    first.leave(now=NOW)
    first.leave(now=NOW)
    again = Enrolment.join(session, person=alice, now=NOW)
    assert again.pk != first.pk and again.state == "seated"
    with pytest.raises(IntegrityError, match="one_seat_per_person_and_session"), transaction.atomic():
        Enrolment.objects.create(session=session, person=alice, state="waiting", asked_at=NOW, changed_at=NOW)


def test_a_session_that_began_or_is_cancelled_takes_nobody(make: Callable[..., CourseSession]) -> None:
    session = make(starts_at=NOW)
    with pytest.raises(AlreadyStarted):
        Enrolment.join(session, person=_person(), now=NOW)
    later = make()
    enrolment = Enrolment.join(later, person=_person(), now=NOW)
    cancel(later, now=NOW)
    cancel(later, now=NOW + timedelta(hours=1))
    with pytest.raises(SessionCancelled):
        Enrolment.join(later, person=_person(), now=NOW)
    assert Message.objects.filter(key=f"enrolment:{enrolment.pk}:cancelled").count() == 1


def test_presence_gives_a_right_that_expires_and_absence_takes_it_back(
    make: Callable[..., CourseSession], course: Course
) -> None:
    session, alice = make(), _person()
    enrolment = Enrolment.join(session, person=alice, now=NOW)
    kind = course.kit_models.get()
    after = session.ends_at + timedelta(minutes=5)
    enrolment.tick(True, by=None, now=after)
    right = BorrowingRight.objects.get()
    assert right.expires_at == session.ends_at + timedelta(days=730)
    assert BorrowingRight.objects.of(alice, kit_model=kind, now=after).exists()
    assert not BorrowingRight.objects.of(alice, kit_model=kind, now=right.expires_at).exists()
    enrolment.tick(False, by=None, now=after)
    assert not BorrowingRight.objects.of(alice, kit_model=kind, now=after).exists()
    enrolment.tick(True, by=None, now=after)  # ticked wrongly, set right
    assert BorrowingRight.objects.count() == 1
    assert BorrowingRight.objects.of(alice, kit_model=kind, now=after).exists()


def test_a_reminder_leaves_once_and_not_to_who_left(make: Callable[..., CourseSession]) -> None:
    session = make(starts_at=NOW + timedelta(hours=28))
    stays = Enrolment.join(session, person=_person(), now=NOW)
    leaves = Enrolment.join(session, person=_person("Bruno"), now=NOW)
    send_waiting(now=NOW)
    mail.outbox.clear()
    assert queue_reminders(now=NOW) == 2
    queue_reminders(now=NOW + timedelta(hours=1))
    leaves.leave(now=NOW + timedelta(hours=1))
    send_waiting(now=NOW + timedelta(hours=2))
    assert [m.to for m in mail.outbox] == [[stays.person.email]]
    assert queue_reminders(now=NOW - timedelta(hours=3)) == 0


def test_the_calendar_file_is_read_back_with_its_time_and_place(
    make: Callable[..., CourseSession],
) -> None:
    session = make(video_link="https://visio.exemple.org/salle")
    event = Calendar.from_ical(calendar_file(session, now=NOW, with_link=False)).walk("VEVENT")[0]
    assert event.decoded("dtstart") == session.starts_at and event.decoded("dtend") == session.ends_at
    assert str(event["location"]) == "Salle des fêtes"
    assert "visio" not in str(event["url"])
    with_link = Calendar.from_ical(calendar_file(session, now=NOW, with_link=True)).walk("VEVENT")[0]
    assert str(with_link["url"]) == session.video_link and with_link["uid"] == event["uid"]
    cancel(session, now=NOW)
    assert b"STATUS:CANCELLED" in calendar_file(session, now=NOW, with_link=False)


def test_seats_are_taken_and_ticked_on_pages(
    client: Client, make: Callable[..., CourseSession], course: Course, settings: Any
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    session = make(seats=1, starts_at=datetime(2030, 1, 8, 17, 0, tzinfo=UTC))
    alice = _person()
    page = client.get("/formations/").content.decode()
    assert "Première pose" in page and "mardi 8 janvier, 18:00" in page
    client.force_login(alice)
    client.post(f"/formations/{session.pk}/inscription/")
    assert "place réservée" in client.get(f"/formations/{session.pk}/").content.decode()
    assert client.get(f"/formations/{session.pk}/presences/").status_code == 403
    assert client.get(f"/formations/{session.pk}/agenda.ics")["Content-Type"].startswith("text/calendar")

    volunteer = _person("Béa")
    StaffRole.give(volunteer, role=Role.DESK_VOLUNTEER, organisation=course.organisation, now=NOW)
    staff = Client()
    staff.force_login(volunteer)
    enrolment = Enrolment.objects.get()
    staff.post(f"/formations/{session.pk}/presences/", {"enrolment": enrolment.pk, "present": "yes"})
    assert BorrowingRight.objects.get().granted_by == volunteer
    client.post(f"/formations/{session.pk}/desinscription/")
    enrolment.refresh_from_db()
    assert enrolment.state == "attended"  # who was there stays noted


def test_staff_of_another_organisation_tick_nobody(
    client: Client, make: Callable[..., CourseSession], settings: Any
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    stranger = _person("Zoé")
    other = Organisation.objects.create(name="Ailleurs")
    StaffRole.give(stranger, role=Role.LIBRARIAN, organisation=other, now=NOW)
    client.force_login(stranger)
    assert client.get(f"/formations/{make().pk}/presences/").status_code == 404


def test_the_children_s_sheet_is_a_page_without_any_name_to_write(client: Client, course: Course) -> None:
    assert client.get("/formations/fiche/premiere-pose/").status_code == 404
    course.children_sheet = "# L’air\n\nNotre capteur compte les **poussières**. <script>x</script>"
    course.save()
    page = client.get("/formations/fiche/premiere-pose/").content.decode()
    assert "<strong>poussières</strong>" in page and "<script>x" not in page


def test_a_session_is_somewhere_and_lasts(make: Callable[..., CourseSession], course: Course) -> None:
    with pytest.raises(IntegrityError, match="a_session_is_somewhere"), transaction.atomic():
        CourseSession.objects.create(course=course, starts_at=NOW, ends_at=NOW + timedelta(hours=1), seats=1)
    with pytest.raises(IntegrityError, match="a_session_has_seats"), transaction.atomic():
        make(seats=0)
    assert LendingPoint.objects.count() == 0


def test_the_sheet_that_a_new_course_begins_with_is_readable_at_ten() -> None:
    """Short sentences and short words: on average at most ten words, hardly a word of more than twelve letters."""
    plain = re.sub(r"[#*|\-\d.]*○|\|[-|]+\||[#*|_]", " ", SHEET)
    sentences = [s for s in re.split(r"[.!?:\n]+\s", plain) if len(s.split()) > 2]
    words = re.findall(r"[a-zà-ÿœ]+", plain.lower())
    assert len(sentences) > 20
    assert sum(len(s.split()) for s in sentences) / len(sentences) <= 10
    assert sum(len(word) > 12 for word in words) <= len(words) * 0.01
    assert "nom de personne" in SHEET


def _right(course: Course, *, ends_in_days: int, **fields: Any) -> BorrowingRight:
    return BorrowingRight.objects.create(
        person=fields.pop("person", None) or _person(),
        course=course,
        granted_at=NOW - timedelta(days=fields.pop("since_days", 700)),
        expires_at=NOW + timedelta(days=ends_in_days),
        **fields,
    )


def test_a_right_that_ends_is_told_once_in_the_morning_with_the_next_session(
    course: Course, make: Callable[..., CourseSession]
) -> None:
    right = _right(course, ends_in_days=30)
    _right(course, ends_in_days=31, person=_person("Bruno"))
    make(starts_at=datetime(2026, 12, 1, 17, 0, tzinfo=UTC))
    night = NOW - timedelta(hours=6)  # four in the morning in Paris
    assert queue_endings(now=night) == 0  # 30 days and six hours are left
    assert queue_endings(now=NOW) == 1 and queue_endings(now=NOW + timedelta(hours=1)) == 1
    send_waiting(now=NOW + timedelta(hours=2))
    (mail_sent,) = mail.outbox
    assert mail_sent.to == [right.person.email]
    assert (
        mail_sent.subject == "Votre droit d’emprunter prend fin\u00a0: Première pose, jeudi 24 décembre 2026"
    )
    assert "mardi 1 décembre 2026, 18:00" in mail_sent.body and "/formations/" in mail_sent.body
    queue_endings(now=NOW + timedelta(days=3))
    send_waiting(now=NOW + timedelta(days=3))
    assert len(mail.outbox) == len({message.to[0] for message in mail.outbox}) == 2  # Bruno's turn, once


def test_nobody_is_told_at_night_that_a_right_ends(course: Course) -> None:
    _right(course, ends_in_days=10)
    night = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    queue_endings(now=night)
    send_waiting(now=night + timedelta(hours=3))  # seven in Paris
    assert mail.outbox == []
    send_waiting(now=night + timedelta(hours=4))
    assert len(mail.outbox) == 1


def test_the_days_of_notice_are_those_of_the_course_and_none_means_never(course: Course) -> None:
    _right(course, ends_in_days=10)
    Course.objects.update(warn_days=7)
    assert queue_endings(now=NOW) == 0
    Course.objects.update(warn_days=0)
    assert queue_endings(now=NOW + timedelta(days=10, seconds=-1)) == 0
    Course.objects.update(warn_days=15)
    assert queue_endings(now=NOW) == 1


@pytest.mark.parametrize("what", ["followed again", "taken back", "closed", "loans only"])
def test_what_changed_before_the_sending_is_seen(course: Course, what: str) -> None:
    right = _right(course, ends_in_days=10)
    assert queue_endings(now=NOW) == 1
    if what == "followed again":
        _right(course, ends_in_days=700, person=right.person, since_days=0)
        assert queue_endings(now=NOW) == 0
    elif what == "taken back":
        right.revoke(because="essai", now=NOW)
    elif what == "closed":
        Person.objects.update(is_active=False)
    else:
        right.person.want_only_loan_messages()
    send_waiting(now=NOW)
    assert mail.outbox == []


def test_the_notice_is_written_in_the_language_of_who_reads_it(course: Course) -> None:
    right = _right(course, ends_in_days=10)
    right.person.correct(language="en")
    queue_endings(now=NOW)
    send_waiting(now=NOW)
    assert mail.outbox[0].subject.startswith("Your right to borrow ends: Première pose")
    assert "No session is planned yet" in mail.outbox[0].body


def test_a_right_that_was_given_for_less_than_the_notice_is_not_announced(course: Course) -> None:
    _right(course, ends_in_days=10, since_days=2)
    assert queue_endings(now=NOW) == 0
