"""The lending API and a tool that makes up questions from its description; its examples run as they are printed."""

import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
import schemathesis
from django.utils import timezone
from hypothesis import HealthCheck, given, settings

from capto.lending.models import Hold, Loan
from capto.members.models import ApiToken
from tests.dashboards.test_examples import Examples
from tests.lending.conftest import Library

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
ACTS, READS = 14, 5


@pytest.fixture
def token(library: Library) -> str:
    library.now = timezone.now()
    for weekday in (1, 7):
        library.point.opening_hours.create(weekday=weekday, opens_at="10:00", closes_at="18:00")
    staff = library.staff()
    library.accept_charter(staff)
    _token, text = ApiToken.issue(
        staff,
        organisation=library.organisation,
        name="essai",
        scope=ApiToken.Scope.values,
        days=2,
        by=staff,
        now=library.now,
    )
    return text


def test_no_question_of_its_description_breaks_it(live_server: Any, token: str, library: Library) -> None:
    loan = library.lend(library.kit(), library.person())
    library.kit()
    description = schemathesis.openapi.from_url(f"{live_server.url}/api/lending/v1/openapi.json")
    assert description.raw_schema["openapi"].startswith("3.1")
    attacked = []
    for found in description.get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy())
        @settings(max_examples=6, suppress_health_check=list(HealthCheck), derandomize=True)
        def attack(case: Any) -> None:
            if "loan" in (case.path_parameters or {}):
                case.path_parameters["loan"] = loan.public_id
            # A key that the tool makes up twice would ask two things: that refusal is tried in test_api.py.
            case.call_and_validate(
                headers={"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}
            )

        attack()
        attacked.append(operation.label)
    assert len(attacked) == ACTS + READS


def test_each_act_of_the_description_takes_a_key_and_names_its_refusals(client: Any, db: None) -> None:
    paths = client.get("/api/lending/v1/openapi.json").json()["paths"]
    acts = [operations["post"] for operations in paths.values() if "post" in operations]
    assert len(acts) == ACTS
    for act in acts:
        (key,) = [one for one in act["parameters"] if one["in"] == "header"]
        assert key["name"] == "Idempotency-Key" and key["required"]
        assert key["schema"]["format"] == "uuid"
        assert set(act["responses"]) >= {"400", "401", "403", "409", "422"}
        assert list(act["responses"]["409"]["content"]) == ["application/problem+json"]


def test_every_example_of_the_page_runs(
    live_server: Any, settings: Any, token: str, library: Library, tmp_path: Path
) -> None:
    settings.SITE_URL = live_server.url
    kit, person = library.kit(), library.person()
    page = requests.get(f"{live_server.url}/api/lending/", timeout=20)
    examples = Examples()
    examples.feed(page.text)
    names = {"CAPTO_TOKEN": token, "KIT": kit.code, "CARD": person.card(), "PATH": "/usr/bin:/bin"}
    said = []
    for code in examples.found["curl"]:
        command = ["bash", "-euo", "pipefail", "-c", code]
        done = subprocess.run(
            command, cwd=tmp_path, env=names, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        said.append(done.stdout)
    free, mine, lent, returned, held = said
    assert free.count('"day"') == 28 and '"holds": []' in mine
    assert lent.count('"again": false') == 1 and lent.count('"again": true') == 1
    assert '"state": "checked"' in returned and '"state": "ready"' in held
    assert Loan.objects.get().returned_at is not None
    assert Hold.objects.get().starts_on == timezone.localdate() + timedelta(days=7)
