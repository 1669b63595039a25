"""The devices' pages in a real browser: accessibility rules, a small screen, no script of another host."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page
from pytest_django import Settings

from capto.readings.models import DeviceState, RejectedMessage
from firmware_bridge.models import BrokerState, Gateway
from tests.dashboards import test_browser as public
from tests.dashboards.test_browser import SITE, Visit, violations

from .conftest import airgradient
from .test_diagnosis_pages import Lent, lending
from .test_status import bridge_says

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db,
    pytest.mark.skipif(public.CHROMIUM is None, reason="no Chromium on this machine"),
]
library = lending.library
chromium = public.chromium
DEVICE = "d83bda1d7660"


class Town:
    """A library in which everything happens at once: a loan with faults, a stranger, refusals, a gateway."""

    def __init__(self, lent: Lent) -> None:
        now = timezone.now()
        self.lent = lent
        sensor = lent.placement.sensor
        sensor.speaks_as(wire_format="airgradient", device_id="a1b2c3d4e5f6")
        lent.says(11.2, now - timedelta(minutes=2))
        for kind in ("too_humid", "weak_signal"):
            lent.wrong(
                kind, evidence={"humidity": 98, "others": 71} if kind == "too_humid" else {"rssi": -86}
            )
        lent.wrong("silent", until=now - timedelta(hours=1), evidence={"quiet_minutes": 12})
        DeviceState.objects.create(
            sensor=sensor, first_received_at=now, last_received_at=now, messages=1234, firmware="3.3.9"
        )
        for number in range(3):
            self.refused("unknown_device", "no sensor of the catalogue states this identity", number)
        self.refused("undecodable", "cut in the middle of a string", 4)
        self.refused("outside_placements", "time 1970-01-01T00:00:12+00:00", 5)
        self.refused("conflict", "another content is stored for this sensor and time", 6)
        self.one = RejectedMessage.objects.filter(reason="unknown_device").first()
        bridge_says()
        figures = {"stored_messages": 64.0, "retained_messages": 52.0, "dropped_messages": 0.0}
        BrokerState.note(figures={**figures, "connected_clients": 31.0}, problem="", now=now)
        owner = lent.library.organisation
        self.gateway = Gateway.add(name="ChirpStack du toit", owner=owner, wire_format="airgradient", now=now)
        self.gateway.speak_for([sensor])

    def refused(self, reason: str, detail: str, number: int) -> None:
        RejectedMessage.objects.create(
            received_at=timezone.now() - timedelta(minutes=number),
            transport="mqtt",
            topic=f"airgradient/readings/{DEVICE}",
            wire_format="airgradient",
            device_id=DEVICE,
            payload=airgradient(DEVICE, number),
            reason=reason,
            detail=detail,
        )

    def pages(self) -> dict[str, tuple[str, str]]:
        """The pages: who looks at which address, by name."""
        code = self.lent.placement.sensor.inventory_code
        return {
            "status": ("", "/statut/"),
            "status-staff": ("staff", "/statut/"),
            "loan": ("borrower", self.lent.page),
            "diagnoses": ("staff", "/appareils/"),
            "unknown": ("staff", "/appareils/inconnus/"),
            "unknown-device": ("staff", f"/appareils/inconnus/airgradient/{DEVICE}/"),
            "rejected": ("staff", "/appareils/refuses/"),
            "rejected-message": ("staff", f"/appareils/refuses/{self.one.pk if self.one else 0}/"),
            "gateway": ("staff", f"/appareils/passerelles/{self.gateway.pk}/"),
            "access": ("staff", f"/capteurs/{code}/acces/"),
        }


@pytest.fixture
def town(lent: Lent) -> Town:
    return Town(lent)


@pytest.fixture
def lent(library: lending.Library, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Lent:
    settings.STAFF_SECOND_FACTOR = False
    monkeypatch.setattr("firmware_bridge.device_access.ADMITTED_WITHIN_S", 0.0)
    return Lent(library)


@pytest.fixture
def look(chromium: Browser, town: Town) -> Iterator[Callable[[str, int], tuple[Page, Visit]]]:
    """Open one of the pages as who looks at it, on a screen of a width."""
    clients = {"staff": town.lent.staff()[0], "borrower": town.lent.borrower(), "": Client()}
    opened = []

    def open_page(name: str, width: int) -> tuple[Page, Visit]:
        who, path = town.pages()[name]
        context = chromium.new_context(viewport={"width": width, "height": 900}, locale="fr-FR")
        opened.append(context)
        if who:
            value = clients[who].cookies["sessionid"].value
            context.add_cookies([{"name": "sessionid", "value": value, "url": SITE}])
        visit = Visit(context.new_page())
        return visit.go(path), visit

    yield open_page
    for context in opened:
        context.close()


def test_each_page_is_accessible_fits_a_telephone_and_loads_nothing_from_elsewhere(
    look: Callable[[str, int], tuple[Page, Visit]], town: Town
) -> None:
    found = []
    for name in town.pages():
        page, visit = look(name, 360)
        found += [f"{name}: {problem}" for problem in violations(page)]
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            found.append(f"{name}: {wide} px wider than a telephone")
        found += [f"{name}: {problem}" for problem in visit.problems + visit.foreign]
    assert found == []
