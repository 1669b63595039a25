"""A maker who asks to be erased: the test of the device stays as it was fixed, and names nobody."""

from collections.abc import Callable

import pytest

from capto.members.erasure import NOBODY, erase
from capto.members.models import Erasure, Person
from capto.validation.models import DeviceTest
from tests.validation.makers import NOW

pytestmark = pytest.mark.django_db


def test_a_planned_test_stays_and_its_maker_is_nobody(
    planned: Callable[..., DeviceTest],
    maker: Person,
) -> None:
    test = planned()
    fixed = (test.device, test.maker_name, test.fixed_at, test.scoring_ends_at)
    number = maker.pk
    erase(maker, because=Erasure.Because.ASKED, now=NOW)
    kept = DeviceTest.objects.select_related("maker").get(pk=test.pk)
    assert (kept.device, kept.maker_name, kept.fixed_at, kept.scoring_ends_at) == fixed
    nobody = Person.objects.get(pk=number)
    assert kept.maker == nobody
    assert (nobody.name, nobody.email, nobody.is_active) == (NOBODY, None, False)
    assert not nobody.has_usable_password()
    events = nobody._meta.get_field("events").related_model
    assert events is not None and not events._base_manager.filter(pgh_obj_id=number).exists()
    assert Erasure.objects.get().number == number


def test_a_test_that_was_only_asked_for_stays_too_and_a_second_erasure_is_harmless(
    ask: Callable[..., DeviceTest],
    maker: Person,
) -> None:
    test = ask()
    erase(maker, because=Erasure.Because.ASKED, now=NOW)
    erase(maker, because=Erasure.Because.ASKED, now=NOW)
    assert DeviceTest.objects.get(pk=test.pk).maker.name == NOBODY
    assert Erasure.objects.count() == 1
