"""The keys of programs in Gérer: issued by who manages the team, shown once, revoked at once."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from capto.members.models import ApiToken, Organisation, StaffRole
from capto.members.roles import Role
from tests.lending.conftest import Library

PAGE = "/gestion/cles/"


@pytest.fixture
def administrator(library: Library, client: Client, settings: Any) -> Client:
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(library.staff(Role.ADMINISTRATOR))
    return client


def told(library: Library, **more: Any) -> dict[str, Any]:
    person = StaffRole.objects.order_by("pk").first()
    assert person is not None
    return {
        "name": "borne", "organisation": library.organisation.pk, "person": person.person_id, "scope": ["desk"],
        "days": 365, "key": str(uuid4()), **more,
    }  # fmt: skip


def test_a_key_is_shown_once_and_opens_the_api(administrator: Client, library: Library) -> None:
    form = told(library)
    page = administrator.post(PAGE, form).content.decode()
    (text,) = re.findall(r'<code class="secret">(capto_[\w-]+)</code>', page)
    assert (
        Client().get("/api/lending/v1/mine", headers={"Authorization": f"Bearer {text}"}).status_code == 200
    )
    again = administrator.post(PAGE, form).content.decode()
    assert "capto_" + text[6:] not in again and "n’est montré qu’une fois" in again
    token = ApiToken.objects.get()
    assert token.issued_by is not None and (token.expires_at - token.issued_at).days == 365
    assert text not in administrator.get(PAGE).content.decode()


def test_a_revoked_key_opens_nothing_from_that_moment(administrator: Client, library: Library) -> None:
    page = administrator.post(PAGE, told(library)).content.decode()
    (text,) = re.findall(r'<code class="secret">(capto_[\w-]+)</code>', page)
    answer = administrator.post(f"{PAGE}{ApiToken.objects.get().pk}/fin/", follow=True)
    assert "n’ouvre plus rien" in answer.content.decode() and "révoquée" in answer.content.decode()
    assert (
        Client().get("/api/lending/v1/mine", headers={"Authorization": f"Bearer {text}"}).status_code == 401
    )


def test_a_key_acts_for_nobody_outside_the_team(administrator: Client, library: Library) -> None:
    stranger = library.person("Zoé")
    page = administrator.post(PAGE, told(library, person=stranger.pk)).content.decode()
    assert not ApiToken.objects.exists() and 'class="secret"' not in page
    elsewhere = Organisation.objects.create(name="Air de la Mer")
    administrator.post(PAGE, told(library, organisation=elsewhere.pk))
    assert not ApiToken.objects.exists()


def test_the_keys_of_another_organisation_are_not_seen(administrator: Client, library: Library) -> None:
    elsewhere = Organisation.objects.create(name="Air de la Mer")
    other = library.person("Mona", may_borrow=False)
    StaffRole.give(other, role=Role.LIBRARIAN, organisation=elsewhere, now=library.now)
    token, _text = ApiToken.issue(
        other, organisation=elsewhere, name="la leur", scope=["desk"], days=9, by=other, now=timezone.now()
    )
    assert "la leur" not in administrator.get(PAGE).content.decode()
    assert administrator.post(f"{PAGE}{token.pk}/fin/").status_code == 404


def test_a_librarian_issues_no_key(library: Library, client: Client, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(library.staff())
    assert client.get(PAGE).status_code == 403
    assert PAGE not in client.get("/gestion/").content.decode()


def test_the_page_of_keys_asks_a_fixed_number_of_questions(
    administrator: Client, library: Library, django_assert_num_queries: Any
) -> None:
    for _n in range(3):
        administrator.post(PAGE, told(library))
    with django_assert_num_queries(8):
        administrator.get(PAGE)
