"""Who actually came for a group's kits is told at the desk by one more key, and never asked of who lends to one."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from capto.lending.models import Act, Loan
from capto.members.models import BorrowerGroup, Person
from tests.lending.conftest import Library
from tests.lending.test_desk import Desk


@pytest.fixture
def desk(library: Library, client: Client, settings: Any) -> Desk:
    settings.STAFF_SECOND_FACTOR = False
    library.now = timezone.now()
    library.set_policy(loans_at_once=5)
    return Desk(library, client, library.staff())


def lend_to_class(library: Library, desk: Desk, kits: int = 2) -> tuple[Person, BorrowerGroup]:
    teacher = library.person("Aurore")
    group = BorrowerGroup.objects.create(responsible=teacher, name="CM2", category="school", size=24)
    desk.scan(teacher.card())
    for _n in range(kits):
        lent = desk.scan(library.kit().code, group=group.pk)
        assert "F6" in lent["details"][-1] or any("F6" in line for line in lent["details"])
    return teacher, group


def test_the_card_of_who_came_is_noted_on_each_kit_just_lent(library: Library, desk: Desk) -> None:
    teacher, _group = lend_to_class(library, desk)
    parent = library.person("Basile", may_borrow=False)
    answer = desk.act("collector", code=parent.card())
    assert answer["outcome"] == "collector" and answer["line"] == "Venu chercher\u00a0: Basile"
    assert list(Loan.objects.values_list("collected_by", flat=True)) == ["Basile", "Basile"]
    act = Act.objects.get(kind="collector")
    assert act.person == teacher and act.by == desk.person
    assert desk.served == f"#{teacher.pk}"  # whoever came, the person served stays


def test_a_name_is_typed_and_enter_alone_is_the_responsible_person(library: Library, desk: Desk) -> None:
    lend_to_class(library, desk, kits=1)
    assert "Dora Lune" in desk.act("collector", code="Dora Lune")["line"]
    assert Loan.objects.get().collected_by == "Dora Lune"
    assert desk.act("collector", code="")["line"].endswith("Aurore")
    assert Loan.objects.get().collected_by == ""


def test_a_kit_lent_before_or_to_another_keeps_what_is_known(library: Library, desk: Desk) -> None:
    other = library.lend(library.kit(), library.person("Zoé"))
    teacher, _group = lend_to_class(library, desk, kits=1)
    old = Loan.objects.get(person=teacher)
    Loan.objects.filter(pk=old.pk).update(lent_at=old.lent_at - timedelta(hours=1))
    answer = desk.act("collector", code="Dora")
    assert answer["outcome"] == "unknown" and "Rien ne vient d’être prêté" in answer["line"]
    other.refresh_from_db()
    assert other.collected_by == ""


def test_an_unknown_card_changes_nothing(library: Library, desk: Desk) -> None:
    lend_to_class(library, desk, kits=1)
    lost = library.person("Perdu")
    code = lost.card()
    Person.objects.filter(pk=lost.pk).update(card_code=None)
    assert desk.act("collector", code=code)["outcome"] == "unknown"
    assert Loan.objects.get().collected_by == ""
    assert desk.act("collector", code=library.kit().code)["outcome"] == "unknown"


def test_the_same_key_notes_once(library: Library, desk: Desk) -> None:
    lend_to_class(library, desk, kits=1)
    key = "6f9619ff-8b86-4011-b42d-00c04fc964ff"
    first = desk.act("collector", key=key, code="Dora")
    assert desk.act("collector", key=key, code="Dora")["line"] == first["line"]
    assert Act.objects.filter(kind="collector").count() == 1
