"""The JSON API and a tool that makes up questions from its description: nothing breaks, all that is said holds."""

from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from dashboards.api.api import throttle
from tests.dashboards.conftest import NOON, City

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def description(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(throttle, "num_requests", 1_000_000)
    city = City()
    city.hours(city.place("École du Parc", kind="school", public_id="parcparcparc"), [10.0] * 48)
    city.reference(city.station(), [7.5] * 48, end=NOON - timedelta(hours=1))
    return schemathesis.openapi.from_url(f"{live_server.url}/api/v1/openapi.json")


def test_no_question_of_its_description_breaks_it(description: Any) -> None:
    attacked = []
    for found in description.get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy())
        @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
        def attack(case: Any) -> None:
            case.call_and_validate()

        attack()
        attacked.append(operation.path)
    assert len(attacked) == 9
