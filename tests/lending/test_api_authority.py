"""Who may call the API of the lending verbs: roles, second factors, scopes, and tokens that are over."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from capto.catalogue.models import LendingPoint
from capto.lending.models import Act, Loan, Problem
from capto.members.models import ApiToken, Organisation, Person, StaffRole
from capto.members.roles import Role
from tests.lending.conftest import Library
from tests.lending.programs import API, Program, asked, borrower, lend


def test_a_volunteer_of_another_organisation_is_refused(desk: Program, today: Library) -> None:
    elsewhere = Organisation.objects.create(name="Air de la Mer")
    LendingPoint.objects.create(organisation=elsewhere, name="Port", slug="port", latitude=43, longitude=5)
    stranger = today.person("Mona", may_borrow=False)
    StaffRole.give(stranger, role=Role.LIBRARIAN, organisation=elsewhere, now=today.now)
    theirs = Program(stranger, elsewhere)
    loan = lend(desk, today)
    told = {"kit": today.kit().code, "person": today.person().card(), "point": "mediatheque"}
    for path, body in (
        ("/loans", told),
        ("/returns", {"kit": loan["kit"], "point": "mediatheque"}),
        (f"/loans/{loan['id']}/renew", {}),
        (f"/loans/{loan['id']}/swap", {"kit": told["kit"], "reason": "x"}),
        (f"/loans/{loan['id']}/lost", {"reason": "x"}),
        (f"/loans/{loan['id']}/parts", {}),
        (f"/kits/{loan['kit']}/problems", {"kind": "other"}),
        ("/undo", {"point": "mediatheque"}),
    ):
        answer = theirs.post(path, body)
        assert (path, answer.status_code) == (path, 403)
    assert theirs.get(f"/loans/{loan['id']}").status_code == 403
    assert Loan.objects.get().state == "open" and not Problem.objects.exists()


def test_a_borrower_sees_no_loan_of_others_and_lends_nothing(today: Library) -> None:
    person, client = borrower(today)
    other = today.person("Basile")
    loan = today.lend(today.kit(), other)
    assert client.get(f"{API}/mine").json() == {"loans": [], "holds": []}
    assert client.get(f"{API}/loans/{loan.public_id}").status_code == 403
    assert client.get(f"{API}/loans/nothing0").status_code == 403  # an address tells nothing
    assert asked(client, f"/loans/{loan.public_id}/renew").status_code == 403
    told = {"kit": today.kit().code, "person": person.card(), "point": "mediatheque"}
    assert asked(client, "/loans", told).status_code == 403


def test_staff_in_a_session_without_the_second_factor_may_only_what_a_borrower_may(
    today: Library,
) -> None:
    client = Client()
    client.force_login(today.staff())
    told = {"kit": today.kit().code, "person": today.person().card(), "point": "mediatheque"}
    assert asked(client, "/loans", told).status_code == 403
    assert client.get(f"{API}/mine").status_code == 200


def test_a_session_needs_the_form_token_and_a_program_needs_none(today: Library) -> None:
    person = today.person()
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    told = {
        "kind": "particules-dehors",
        "point": "mediatheque",
        "starts_on": "2030-01-01",
        "ends_on": "2030-01-09",
    }
    assert asked(client, "/holds", told).status_code == 403
    nobody = Client(enforce_csrf_checks=True)
    assert nobody.post(f"{API}/undo", "{}", content_type="application/json").status_code == 401


def test_the_scope_of_a_token_bounds_the_role(today: Library) -> None:
    staff = today.staff()
    only_desk = Program(staff, today.organisation, "desk")
    person = today.person(may_borrow=False)
    today.accept_charter(person)
    told = {"kit": today.kit().code, "person": person.card(), "point": "mediatheque"}
    assert only_desk.post("/loans", told).json()["code"] == "TrainingMissing"
    refused = only_desk.post("/loans", {**told, "override": "elle sait faire"})
    assert refused.status_code == 403 and refused.json()["code"] == "NotAllowed"
    hold = {"kind": "particules-dehors", "point": "mediatheque", "person": person.card(),
            "starts_on": "2030-01-01", "ends_on": "2030-01-09"}  # fmt: skip
    assert only_desk.post("/holds", hold).status_code == 403
    with_override = Program(staff, today.organisation, "desk", "override")
    assert with_override.post("/loans", {**told, "override": "elle sait faire"}).status_code == 201
    assert Act.objects.get(kind="lend").overridden == "TrainingMissing"


@pytest.mark.parametrize("how", ["revoked", "expired", "closed", "role ended", "wrong"])
def test_a_token_that_is_over_opens_nothing(today: Library, how: str) -> None:
    staff = today.staff()
    program = Program(staff, today.organisation)
    assert program.get("/mine").status_code == 200
    assert ApiToken.objects.get().last_used_at is not None
    now = timezone.now()
    if how == "revoked":
        program.token.revoke(now=now)
    elif how == "expired":
        ApiToken.objects.update(issued_at=now - timedelta(days=9), expires_at=now - timedelta(seconds=1))
    elif how == "closed":
        Person.objects.filter(pk=staff.pk).update(is_active=False)
    elif how == "role ended":
        StaffRole.objects.get(person=staff).end(now=now)
    else:
        program.text += "x"
    told = {"kit": today.kit().code, "person": today.person().card(), "point": "mediatheque"}
    answer = program.post("/loans", told)
    assert answer.status_code == (403 if how == "role ended" else 401)
    if how != "role ended":
        assert answer["WWW-Authenticate"] == "Bearer" and answer.json()["code"] == "sign-in"
    assert not Loan.objects.exists()


def test_the_database_keeps_no_text_of_a_token(today: Library) -> None:
    program = Program(today.staff(), today.organisation)
    kept = json.dumps(list(ApiToken.objects.values()), default=str)
    assert program.text not in kept and program.text[:12] in kept
