"""Who changed this rule? Rules, lists, points and roles have a history that no path escapes."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from capto.lending.models import Policy
from capto.members.models import (
    BorrowerGroup,
    Campaign,
    Charter,
    Organisation,
    RetentionRule,
    StaffRole,
    Territory,
)
from capto.members.roles import Role
from capto.training.models import CourseSession
from tests.lending.conftest import Library


@pytest.fixture
def keeper(library: Library, client: Client, settings: Any) -> Client:
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(library.staff())
    return client


def page(client: Client, kind: str, pk: object) -> str:
    answer = client.get(f"/fonds/historique/{kind}/{pk}/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_rule_of_the_first_day_has_what_was_before_its_first_change(
    library: Library, keeper: Client
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE lending_policy SET loan_days = 28 WHERE id = %s", [library.policy.pk])
    said = page(keeper, "policy", library.policy.pk)
    assert "<code>loan_days</code>" in said and "21 → 28" in said and "noté tel qu’il était" in said


def test_a_page_names_who_changed_a_rule(library: Library, keeper: Client) -> None:
    rule = Policy.objects.create(name="Été", organisation=library.organisation)
    form = keeper.get(f"/gestion/regles/{rule.pk}/").context["form"]
    told = {name: value for name, value in form.initial.items() if value is not None and value is not False}
    keeper.post(f"/gestion/regles/{rule.pk}/", {**told, "loan_days": 35})
    said = page(keeper, "policy", rule.pk)
    assert "21 → 35" in said and "Lila" in said and "/gestion/regles/" in said
    assert f"/fonds/historique/policy/{rule.pk}/" in keeper.get("/gestion/regles/").content.decode()


def test_the_history_of_a_point_tells_its_week_and_its_closures(library: Library, keeper: Client) -> None:
    library.point.describe(name="Médiathèque du lac")
    library.point.opening_hours.filter(weekday=2).update(closes_at="19:00")
    day = timezone.localdate() + timedelta(days=20)
    closure = library.point.closures.create(starts_on=day, ends_on=day, reason="travaux")
    closure.delete()
    said = page(keeper, "point", library.point.pk)
    assert "Médiathèque → Médiathèque du lac" in said
    assert "18:00:00 → 19:00:00" in said and "mardi 10:00–19:00" in said
    assert said.count("travaux") == 2 and "supprimé" in said
    assert (
        f"/fonds/historique/point/{library.point.pk}/"
        in keeper.get("/fonds/points/mediatheque/").content.decode()
    )


def test_lists_people_and_texts_have_theirs(library: Library, keeper: Client) -> None:
    alice = library.person()
    group = BorrowerGroup.objects.create(responsible=alice, name="CM2", category="school", size=24)
    library.hold(alice, library.day(1), library.day(4), group=group)
    group.correct(size=25)
    assert "24 → 25" in page(keeper, "group", group.pk)
    now = timezone.now()
    campaign = Campaign.objects.create(
        question="Le soir ?", slug="soir", organisation=library.organisation, mediator=alice, seats=5,
        territory=Territory.objects.create(name="Annecy"), starts_on=now.date(), ends_on=now.date(),
    )  # fmt: skip
    Campaign.objects.filter(pk=campaign.pk).update(seats=6)
    assert "5 → 6" in page(keeper, "campaign", campaign.pk)
    library.course.right_days = 400
    library.course.save()
    assert "730 → 400" in page(keeper, "course", library.course.pk)
    session = CourseSession.objects.create(
        course=library.course, starts_at=now, ends_at=now + timedelta(hours=2), seats=8, place="ici"
    )
    CourseSession.objects.filter(pk=session.pk).update(seats=9)
    assert "8 → 9" in page(keeper, "session", session.pk)
    right = library.train(alice)
    right.revoke(because="perdu trois fois", now=now)
    assert "perdu trois fois" in page(keeper, "right", right.pk)
    role = StaffRole.objects.get()
    assert "créé" in page(keeper, "role", role.pk)
    rule = RetentionRule.objects.get(data="messages")
    rule.keep_for(200, source="essai", now=now)
    assert "→ 200" in page(keeper, "retention", "messages")
    charter = Charter.current(now=now)
    assert charter is not None and "noté tel qu’il était" in page(keeper, "charter", charter.pk)
    Organisation.objects.filter(pk=library.organisation.pk).update(answers_within_days=5)
    assert "3 → 5" in page(keeper, "organisation", library.organisation.pk)


def test_the_rules_of_another_organisation_tell_nothing(library: Library, keeper: Client) -> None:
    elsewhere = Organisation.objects.create(name="Air de la Mer")
    rule = Policy.objects.create(name="La leur", organisation=elsewhere)
    mona = library.person("Mona", may_borrow=False)
    role = StaffRole.give(mona, role=Role.LIBRARIAN, organisation=elsewhere, now=library.now)
    group = BorrowerGroup.objects.create(responsible=mona, name="Leurs", category="company")
    paths = (("policy", rule.pk), ("role", role.pk), ("organisation", elsewhere.pk), ("group", group.pk),
             ("policy", "x"), ("policy", 10**20), ("nothing", 1))  # fmt: skip
    for kind, pk in paths:
        assert (kind, keeper.get(f"/fonds/historique/{kind}/{pk}/").status_code) == (kind, 404)


def test_the_history_of_a_point_asks_a_fixed_number_of_questions(
    library: Library, keeper: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        library.point.opening_hours.update(closes_at=f"{12 + number % 6}:00")
    with django_assert_max_num_queries(16):
        page(keeper, "point", library.point.pk)
