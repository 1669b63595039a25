import json
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from capto.members.demo_accounts import make_demo_accounts
from capto.members.models import Organisation, Person, StaffRole
from capto.members.roles import Role

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def test_each_demo_account_signs_in_with_the_printed_password(client: Client) -> None:
    out = StringIO()
    call_command("demo_accounts", "--json", stdout=out)
    accounts = json.loads(out.getvalue())
    assert len(accounts) == 8
    for account in accounts:
        assert (
            client.post(
                "/connexion/", {"username": account["email"], "password": account["password"]}
            ).status_code
            == 302
        )
    assert Person.objects.filter(is_simulated=False).count() == 0
    assert set(StaffRole.objects.values_list("role", flat=True)) == set(Role)


def test_the_printed_code_of_this_moment_is_the_second_factor(client: Client) -> None:
    out = StringIO()
    call_command("demo_accounts", "--codes", stdout=out)
    line = next(line for line in out.getvalue().splitlines() if line.startswith("pret@"))
    client.force_login(Person.objects.get(email="pret@exemple.test"))
    answer = client.post("/connexion/code/", {"code": line.rsplit(" ", 1)[1]})
    assert answer.status_code == 302


def test_making_them_again_changes_nothing_and_keeps_people_signed_in(client: Client) -> None:
    first = make_demo_accounts(now=NOW)
    client.post("/connexion/", {"username": first[0].email, "password": first[0].password})
    assert make_demo_accounts(now=NOW) == first
    assert client.get("/ma-page/").status_code == 200
    assert Person.objects.count() == 8 and Organisation.objects.count() == 1


def test_they_join_the_simulated_organisation_that_exists() -> None:
    city = Organisation.objects.create(name="Ville simulée", is_simulated=True)
    make_demo_accounts(now=NOW)
    assert set(StaffRole.objects.values_list("organisation", flat=True)) == {city.pk}


def test_passwords_differ_between_installations(settings: Settings) -> None:
    settings.SECRET_KEY = "one" * 20
    first = make_demo_accounts(now=NOW)
    settings.SECRET_KEY = "two" * 20
    second = make_demo_accounts(now=NOW)
    assert not {a.password for a in first} & {a.password for a in second}


def test_no_demo_account_is_made_where_real_people_live() -> None:
    Person.objects.create_user("vraie@exemple.org", name="Une vraie personne")
    with pytest.raises(CommandError):
        call_command("demo_accounts")
    assert Person.objects.count() == 1


def test_an_instance_of_the_network_does_not_start_without_the_second_factor(
    settings: Settings,
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    settings.SITE_URL = "https://capto.exemple.org"
    assert "members.E001" in [error.id for error in run_checks()]
    settings.SITE_URL = "http://localhost:8000"
    assert "members.E001" not in [error.id for error in run_checks()]
