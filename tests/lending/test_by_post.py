"""Loans by post, and what staff does to a loan from its page: exchange, extend, close as lost."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from capto.lending import notices
from capto.lending.by_post import note_arrival, note_arrivals_heard, note_posted_back, send
from capto.lending.models import Act, Hold, Loan, LoanPart
from capto.lending.refusals import AddressMissing, HoldClosed, NotByPost
from capto.members.models import Message, Person
from capto.members.roles import Role
from capto.readings.models import Layout, RawMessage
from tests.readers import signed_in

if TYPE_CHECKING:
    from tests.lending.conftest import Library

STREET = "7 rue des Tilleuls\n74000 Annecy"


@pytest.fixture(autouse=True)
def _today(library: "Library", settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = False
    library.now = timezone.now()
    library.point.lends_by_post = True
    library.point.address = "1 place du Lac\n74000 Annecy"
    library.point.save()


def _asked(library: "Library", person: Person) -> Hold:
    library.kit()
    first = timezone.localdate(library.now) + timedelta(days=1)
    hold = library.hold(person, first, library.point.next_open_day(first + timedelta(days=10)), by_post=True)
    assert hold.state == Hold.State.READY
    return hold


def test_a_parcel_is_sent_received_and_posted_back_each_step_once(library: "Library") -> None:
    alice, lila = library.person(postal_address=STREET), library.staff()
    hold, desk, mine = _asked(library, alice), signed_in(lila), signed_in(alice)
    assert "À envoyer" in desk.get("/envois/").content.decode()
    desk.post("/envois/", {"hold": hold.pk})
    loan = Loan.objects.get()
    assert loan.by_post and loan.posted_at and loan.hold == hold
    page = mine.get(f"/prets/{loan.public_id}/").content.decode()
    assert "Envoyé le" in page and "J’ai reçu le colis" in page
    mine.post(f"/prets/{loan.public_id}/colis/", {"what": "arrived"})
    mine.post(f"/prets/{loan.public_id}/colis/", {"what": "arrived"})
    loan.refresh_from_db()
    arrived = loan.arrived_at
    assert arrived is not None and loan.posted_back_at is None
    mine.post(f"/prets/{loan.public_id}/colis/", {"what": "back"})
    loan.refresh_from_db()
    assert loan.posted_back_at is not None and loan.arrived_at == arrived and loan.state == Loan.State.OPEN
    assert "scannez-le au comptoir" in desk.get("/envois/").content.decode()
    steps = list(Act.objects.filter(kind=Act.Kind.POST).order_by("pk").values_list("reason", flat=True))
    assert steps == ["sent", "arrived", "posted back"]
    library.take_back(loan.kit)
    assert "scannez-le" not in desk.get("/envois/").content.decode()


def test_the_message_of_a_parcel_replaces_that_of_the_desk(library: "Library") -> None:
    alice, lila = library.person(postal_address=STREET), library.staff()
    loan = send(_asked(library, alice), by=lila, now=library.now)
    assert notices.lent(alice, about=str(loan.pk), now=library.now) is None
    letter = notices.posted(alice, about=str(loan.pk), now=library.now)
    assert letter is not None and "par la poste" in letter.body
    note_arrival(loan, by=alice, now=library.now)
    assert notices.posted(alice, about=str(loan.pk), now=library.now) is None


def test_no_reminder_asks_for_what_is_in_the_post(library: "Library") -> None:
    alice, lila = library.person(postal_address=STREET), library.staff()
    loan = send(_asked(library, alice), by=lila, now=library.now)
    about = f"{loan.pk}:{loan.due_on.isoformat()}:1"
    late = library.now + timedelta(days=60)
    assert notices.late(alice, about=about, now=late) is not None
    note_posted_back(loan, by=alice, now=library.now)
    assert notices.late(alice, about=about, now=late) is None
    assert notices.due_soon(alice, about=about, now=library.now) is None


def test_nothing_is_sent_without_an_address_nor_twice(library: "Library") -> None:
    alice, lila = library.person(), library.staff()
    hold = _asked(library, alice)
    with pytest.raises(AddressMissing):
        send(hold, by=lila, now=library.now)
    assert "adresse à demander" in signed_in(lila).get("/envois/").content.decode()
    alice.correct(postal_address=STREET)
    hold = Hold.objects.get()
    send(hold, by=lila, now=library.now)
    with pytest.raises(HoldClosed):
        send(Hold.objects.get(), by=lila, now=library.now)
    assert Loan.objects.count() == 1


def test_a_loan_of_the_desk_is_no_parcel_and_steps_keep_their_order(library: "Library") -> None:
    alice = library.person()
    loan = library.lend(library.kit(), alice)
    with pytest.raises(NotByPost):
        note_arrival(loan, by=alice, now=library.now)
    with pytest.raises(IntegrityError, match="a_parcel_goes_comes"), transaction.atomic():
        Loan.objects.update(posted_at=library.now, arrived_at=library.now - timedelta(days=1))


def test_the_slip_has_the_address_the_parts_and_is_for_staff(library: "Library") -> None:
    alice, lila = library.person(postal_address=STREET), library.staff()
    loan = send(_asked(library, alice), by=lila, now=library.now)
    address = f"/prets/{loan.public_id}/bordereau.pdf"
    slip = signed_in(lila).get(address)
    assert slip.content.startswith(b"%PDF-")
    assert signed_in(alice).get(address).status_code == 403
    assert signed_in(library.staff(Role.MEDIATOR)).get(address).status_code == 403


def test_staff_exchanges_a_kit_from_the_page_and_the_public_id_stays(library: "Library") -> None:
    loan, other = library.lend(library.kit(), library.person()), library.kit()
    public = loan.loan_placements.get().placement.public_id
    lila, address = signed_in(library.staff()), f"/prets/{loan.public_id}/echanger/"
    assert "Aucun kit" in lila.post(address, {"code": "K-0", "reason": "muet"}, follow=True).content.decode()
    library.now += timedelta(hours=1)
    lila.post(address, {"code": other.code.lower(), "reason": "ne mesure plus"})
    loan.refresh_from_db()
    assert loan.kit == other
    assert {one.placement.public_id for one in loan.loan_placements.all()} == {public}
    assert Act.objects.get(kind=Act.Kind.SWAP).reason == "ne mesure plus"
    assert "Échanger le kit" in lila.get(f"/prets/{loan.public_id}/").content.decode()


def test_staff_extends_against_the_rule_with_a_reason_only(library: "Library") -> None:
    library.set_policy(renewals=0)
    loan = library.lend(library.kit(), library.person())
    lila, address = signed_in(library.staff()), f"/prets/{loan.public_id}/plus-longtemps/"
    until = library.point.next_open_day(loan.due_on + timedelta(days=5))
    due = loan.due_on
    lila.post(address, {"until": until.isoformat()})
    loan.refresh_from_db()
    assert loan.due_on == due
    lila.post(address, {"until": until.isoformat(), "reason": "classe en sortie"})
    loan.refresh_from_db()
    assert loan.due_on == until
    assert Act.objects.get(kind=Act.Kind.RENEW).reason == "classe en sortie"


def test_a_borrower_does_none_of_the_staff_s_acts(library: "Library") -> None:
    alice = library.person()
    loan = library.lend(library.kit(), alice)
    mine = signed_in(alice)
    for what in ("echanger", "plus-longtemps", "perdu"):
        told = {"reason": "x", "code": "K", "until": "2030-01-01"}
        assert mine.post(f"/prets/{loan.public_id}/{what}/", told).status_code == 403
    assert "Déclarer perdu" not in mine.get(f"/prets/{loan.public_id}/").content.decode()


def test_a_lost_kit_closes_the_loan_and_no_reminder_follows(library: "Library") -> None:
    alice = library.person()
    loan = library.lend(library.kit(), alice)
    signed_in(library.staff()).post(f"/prets/{loan.public_id}/perdu/", {"reason": "volé dans la cour"})
    loan.refresh_from_db()
    assert loan.state == Loan.State.LOST and loan.kit.state == "missing"
    about = f"{loan.pk}:{loan.due_on.isoformat()}:1"
    assert notices.late(alice, about=about, now=library.now + timedelta(days=90)) is None


def test_a_partial_return_names_what_is_missing(library: "Library") -> None:
    loan = library.lend(library.kit(), library.person())
    library.take_back(loan.kit)
    loan.refresh_from_db()
    charger = LoanPart.objects.get(loan=loan, accessory__name="chargeur").accessory
    assert loan.count_parts({charger.pk: 0}, now=library.now) == [charger]
    assert Message.objects.filter(key=f"lending:returned:{loan.pk}").exists()


def test_the_first_reading_at_home_says_that_the_parcel_has_come(library: "Library") -> None:
    alice, lila = library.person(postal_address=STREET), library.staff()
    loan = send(_asked(library, alice), by=lila, now=library.now)
    sensor = loan.loan_placements.get().placement.sensor
    layout = Layout.objects.create(signature="pm25/atm/")

    def hear(hours: float) -> None:
        at = library.now + timedelta(hours=hours)
        RawMessage.objects.create(sensor=sensor, observed_at=at, received_at=at, layout=layout, values=[7.0])

    hear(1)  # the sensor was still on at the desk
    assert note_arrivals_heard(now=library.now + timedelta(hours=20)) == 0
    hear(40)
    hear(41)
    later = library.now + timedelta(hours=42)
    assert note_arrivals_heard(now=later) == 1 and note_arrivals_heard(now=later) == 0
    loan.refresh_from_db()
    assert loan.arrived_at == library.now + timedelta(hours=40)
    act = Act.objects.get(reason="arrived")
    assert act.entry == Act.Entry.TASK and act.by is None
    assert notices.posted(alice, about=str(loan.pk), now=later) is None
