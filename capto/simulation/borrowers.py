"""The people of the simulated town: residents, teachers and associations, what they learnt and agreed to."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final, NamedTuple

from django.contrib.auth.hashers import make_password

from capto.catalogue.models.lending_point import PARIS
from capto.members.codes import CodeKind, new_codes
from capto.members.demo_accounts import BORROWER, TEACHER
from capto.members.models import BorrowerCategory, BorrowerGroup, Charter, Consent, Person
from capto.simulation.library import Library
from capto.simulation.stays import SCHOOLS
from capto.training.models import BorrowingRight, CourseSession, Enrolment

FIRST_NAMES: Final = (
    "Adèle", "Basile", "Camille", "Dalila", "Émile", "Fatou", "Gaspard", "Hélène", "Ismaël", "Jeanne", "Karim",
    "Lucie", "Malo", "Nadia", "Octave", "Paola", "Quentin", "Rose", "Samir", "Tess",
)  # fmt: skip
FAMILY_NAMES: Final = ("Aubier", "Bruyère", "Charme", "Fougère", "Genêt", "Houx", "Merisier", "Noyer")
RESIDENTS: Final = 40
ASSOCIATIONS: Final = ("Les Riverains du Boulevard (simulée)", "Vélo en ville (simulée)")
TEACHERS: Final = ("Irène Tilleul", "Marc Roseau", "Salma Tuile", "Victor Guet")
DOMAIN: Final = "exemple.test"  # reserved for examples (RFC 2606): no mail can reach it
SEATS: Final = 10
SESSIONS_TO_COME: Final = (9, 23, 44)  # days ahead, moved to the next Saturday


class Borrowers(NamedTuple):
    """Who borrows: residents for themselves, and groups with their responsible adult."""

    residents: list[Person]
    schools: dict[str, BorrowerGroup]  # by the label of the place where their sensors stand
    associations: list[BorrowerGroup]

    @property
    def people(self) -> list[Person]:
        """Everyone who comes to the desk, each once."""
        groups = [*self.schools.values(), *self.associations]
        return list(
            {person.pk: person for person in [*self.residents, *(g.responsible for g in groups)]}.values()
        )


def settle(library: Library, *, since: datetime, now: datetime) -> Borrowers:
    """Create the borrowers with their cards, agreements and training; the demo's own accounts are among them."""
    names = [
        f"{FIRST_NAMES[number % len(FIRST_NAMES)]} "
        f"{FAMILY_NAMES[(3 * number + number // len(FIRST_NAMES)) % len(FAMILY_NAMES)]}"
        for number in range(RESIDENTS)
    ]
    people = _people([*names, *TEACHERS, "Zoé Riverain", "Yann Cycle"], library, now=now)
    residents, teachers, presidents = (
        people[: len(names)],
        people[len(names) : len(names) + len(TEACHERS)],
        people[-len(ASSOCIATIONS) :],
    )
    accounts = {person.email: person for person in Person.objects.filter(email__in=[BORROWER, TEACHER])}
    if BORROWER in accounts:
        residents = [accounts[BORROWER], *residents]
    if TEACHER in accounts:
        teachers = [accounts[TEACHER], *teachers[1:]]
    schools = {
        f"{name[0].upper()}{name[1:]} (simulé)": _group(name, BorrowerCategory.SCHOOL, teacher, size=27)
        for (name, _, _), teacher in zip(SCHOOLS, teachers, strict=True)
    }
    associations = [
        _group(name, BorrowerCategory.ASSOCIATION, president, size=60)
        for name, president in zip(ASSOCIATIONS, presidents, strict=True)
    ]
    borrowers = Borrowers(residents, schools, associations)
    _agree(borrowers.people, since=since, now=now)
    _train(borrowers.people, library, since=since, now=now)
    _announce(borrowers.residents, library, now=now)
    return borrowers


def _people(names: list[str], library: Library, *, now: datetime) -> list[Person]:
    cards = new_codes(CodeKind.PERSON, len(names))
    locked = make_password(None)
    return Person.objects.bulk_create(
        Person(
            email=f"habitant{number}@{DOMAIN}",
            name=f"{name} (simulation)",
            password=locked,
            is_simulated=True,
            email_confirmed_at=now,
            territory=library.organisation.territory,
            card_code=card,
        )
        for number, (name, card) in enumerate(zip(names, cards, strict=True), start=1)
    )


def _group(name: str, category: str, responsible: Person, *, size: int) -> BorrowerGroup:
    title = name if "simul" in name else f"{name[0].upper()}{name[1:]} (simulé)"
    return BorrowerGroup.objects.create(
        name=title,
        category=category,
        responsible=responsible,
        territory=responsible.territory,
        size=size,
        is_simulated=True,
    )


def _agree(people: list[Person], *, since: datetime, now: datetime) -> None:
    """Have everyone agree to the charter in force."""
    charter = Charter.current(now=now)
    if charter is None:
        return
    Consent.objects.bulk_create(
        Consent(
            person=person,
            purpose=Consent.Purpose.CHARTER,
            is_given=True,
            at=max(since, charter.published_at),
            way=Consent.Way.SCREEN,
            charter=charter,
        )
        for person in people
    )


def _train(people: list[Person], library: Library, *, since: datetime, now: datetime) -> None:
    """Hold the sessions at which everyone learnt to install a sensor, in the weeks before the first loans."""
    rights, enrolments = [], []
    for number, begins in enumerate(range(0, len(people), SEATS)):
        session = _session(library, since + timedelta(days=1 + number * 2), point=number, seats=SEATS)
        for person in people[begins : begins + SEATS]:
            enrolments.append(
                Enrolment(
                    session=session,
                    person=person,
                    state=Enrolment.State.ATTENDED,
                    asked_at=session.starts_at - timedelta(days=9),
                    changed_at=session.ends_at,
                )
            )
    for enrolment in Enrolment.objects.bulk_create(enrolments):
        ended = enrolment.session.ends_at
        rights.append(
            BorrowingRight(
                person=enrolment.person,
                course=library.course,
                enrolment=enrolment,
                granted_at=ended,
                expires_at=ended + timedelta(days=library.course.right_days),
            )
        )
    BorrowingRight.objects.bulk_create(rights)


def _announce(residents: list[Person], library: Library, *, now: datetime) -> None:
    """Announce the sessions to come: the first is full and has a waiting list."""
    enrolments = []
    for number, days in enumerate(SESSIONS_TO_COME):
        session = _session(library, now + timedelta(days=days), point=number, seats=8)
        asking = residents[-11:] if number == 0 else residents[-16 - 2 * number : -12]
        for place, person in enumerate(asking):
            enrolments.append(
                Enrolment(
                    session=session,
                    person=person,
                    state=Enrolment.State.SEATED if place < session.seats else Enrolment.State.WAITING,
                    asked_at=now - timedelta(days=6, hours=-3 * place),
                    changed_at=now - timedelta(days=6, hours=-3 * place),
                )
            )
    Enrolment.objects.bulk_create(enrolments)


def _session(library: Library, about: datetime, *, point: int, seats: int) -> CourseSession:
    """Hold a session at ten on the next Saturday, or on the day itself where that is one."""
    day = about.astimezone(PARIS).date()
    day += timedelta(days=(5 - day.weekday()) % 7)
    starts_at = datetime.combine(day, time(10), tzinfo=PARIS)
    return CourseSession.objects.create(
        course=library.course,
        point=library.points[point % len(library.points)],
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=90),
        seats=seats,
        is_simulated=True,
    )
