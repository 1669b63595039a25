"""Programs and borrowers that call the API of the lending verbs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.test import Client
from django.utils import timezone

from capto.members.models import ApiToken, Organisation, Person

if TYPE_CHECKING:
    from tests.lending.conftest import Library

API = "/api/lending/v1"
ALL = ("desk", "holds", "override")


class Program:
    """A program that shows a token."""

    def __init__(self, person: Person, organisation: Organisation, *scope: str, days: int = 30) -> None:
        self.token, self.text = ApiToken.issue(
            person,
            organisation=organisation,
            name="borne",
            scope=scope or ALL,
            days=days,
            by=person,
            now=timezone.now(),
        )

    def get(self, path: str) -> Any:
        return Client().get(API + path, headers={"Authorization": f"Bearer {self.text}"})

    def post(self, path: str, told: Any = None, *, key: object = "", **headers: str) -> Any:
        sent = {"Authorization": f"Bearer {self.text}", **headers}
        if key is not None:
            sent["Idempotency-Key"] = str(key or uuid4())
        return Client().post(
            API + path, json.dumps(told or {}), content_type="application/json", headers=sent
        )


def borrower(library: Library, name: str = "Alice") -> tuple[Person, Client]:
    person = library.person(name)
    client = Client()
    client.force_login(person)
    return person, client


def asked(client: Client, path: str, told: Any = None, *, key: object = "") -> Any:
    return client.post(
        API + path,
        json.dumps(told or {}),
        content_type="application/json",
        headers={"Idempotency-Key": str(key or uuid4())},
    )


def lend(desk: Program, library: Library, **more: Any) -> dict[str, Any]:
    told = {"kit": library.kit().code, "person": library.person().card(), "point": "mediatheque", **more}
    answer = desk.post("/loans", told)
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()["loan"]
    return found
