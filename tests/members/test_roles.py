from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from capto.members.access import requires
from capto.members.models import Organisation, Person, StaffRole
from capto.members.roles import CAPABILITIES, Capability, Role, roles_with

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@requires(Capability.LEND)
def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("le comptoir")


@pytest.fixture
def north() -> Organisation:
    return Organisation.objects.create(name="Air du Nord")


@pytest.fixture
def south() -> Organisation:
    return Organisation.objects.create(name="Air du Sud")


@pytest.fixture
def bea() -> Person:
    return Person.objects.create_user("bea@exemple.test", name="Béa")


def _request(person: Person | AnonymousUser, *, verified: bool = False) -> HttpRequest:
    request = RequestFactory().get("/comptoir/")
    request.user = person  # type: ignore[assignment]
    request.user.is_verified = lambda: verified  # type: ignore[union-attr]
    return request


def test_a_role_counts_within_its_organisation_only(
    bea: Person, north: Organisation, south: Organisation
) -> None:
    StaffRole.give(bea, role=Role.DESK_VOLUNTEER, organisation=north, now=NOW)
    assert bea.can(Capability.LEND) and bea.can(Capability.LEND, within=north)
    assert not bea.can(Capability.LEND, within=south)
    assert list(bea.organisations_where(Capability.LEND)) == [north]
    assert not bea.can(Capability.OVERRIDE_RULES, within=north)
    assert not bea.organisations_where(Capability.OVERRIDE_RULES)


def test_a_role_that_has_ended_counts_no_more(bea: Person, north: Organisation) -> None:
    role = StaffRole.give(bea, role=Role.LIBRARIAN, organisation=north, now=NOW)
    role.end(now=NOW + timedelta(days=1))
    bea = Person.objects.get(pk=bea.pk)
    assert not bea.can(Capability.LEND)
    assert not bea.is_staff_member
    again = StaffRole.give(bea, role=Role.LIBRARIAN, organisation=north, now=NOW + timedelta(days=2))
    assert again.pk != role.pk


def test_the_same_role_given_twice_is_one_row_and_the_database_holds_it(
    bea: Person, north: Organisation
) -> None:
    first = StaffRole.give(bea, role=Role.MEDIATOR, organisation=north, now=NOW)
    assert StaffRole.give(bea, role=Role.MEDIATOR, organisation=north, now=NOW) == first
    with pytest.raises(IntegrityError, match="one_running_role_of_a_kind"), transaction.atomic():
        StaffRole.objects.create(person=bea, organisation=north, role=Role.MEDIATOR, starts_at=NOW)


def test_a_closed_account_can_do_nothing_even_as_superuser(bea: Person, north: Organisation) -> None:
    bea.is_superuser = True
    assert bea.can(Capability.MANAGE_STAFF, within=north)
    bea.is_active = False
    assert not bea.can(Capability.MANAGE_STAFF, within=north)
    assert not bea.organisations_where(Capability.MANAGE_STAFF)


def test_every_role_is_in_the_table_and_every_capability_is_held_by_someone() -> None:
    assert set(CAPABILITIES) == set(Role)
    assert all(roles_with(capability) for capability in Capability)


def test_a_metrologist_sees_no_borrower_and_a_desk_volunteer_overrides_no_rule() -> None:
    assert Capability.SEE_BORROWERS not in CAPABILITIES[Role.METROLOGIST]
    assert Capability.OVERRIDE_RULES not in CAPABILITIES[Role.DESK_VOLUNTEER]
    assert Capability.SEE_PRECISE_POSITION not in CAPABILITIES[Role.DESK_VOLUNTEER]


def test_a_staff_page_wants_sign_in_then_the_role_then_the_second_factor(
    bea: Person, north: Organisation, settings: Settings
) -> None:
    settings.STAFF_SECOND_FACTOR = True
    stranger = page(_request(AnonymousUser()))
    assert stranger.status_code == 302 and stranger["Location"] == "/connexion/?next=/comptoir/"
    with pytest.raises(PermissionDenied):
        page(_request(bea, verified=True))
    StaffRole.give(bea, role=Role.DESK_VOLUNTEER, organisation=north, now=NOW)
    bea = Person.objects.get(pk=bea.pk)
    unverified = page(_request(bea))
    assert unverified.status_code == 302 and unverified["Location"] == "/connexion/code/?next=/comptoir/"
    assert page(_request(bea, verified=True)).status_code == 200
    settings.STAFF_SECOND_FACTOR = False
    assert page(_request(bea)).status_code == 200
