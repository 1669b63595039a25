"""A laboratory with two units beside their stations, and the browser of its metrologist."""

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from capto.catalogue.models import Sensor, SensorModel
from capto.members.models import Organisation, Person, StaffRole
from capto.members.roles import Role
from capto.readings.models import Place, Placement, ReferenceStation
from capto.validation.models import (
    CoLocation,
)
from capto.validation.recompute import dirty_hours

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
AXE = ROOT / "capto" / "static" / "vendor" / "axe-core" / "axe.js"
HOUR = timedelta(hours=1)
JANUARY = datetime(2020, 1, 17, 15, tzinfo=UTC)
AUGUST = datetime(2019, 8, 1, 12, tzinfo=UTC)


def _keys_above_a_thousand() -> None:
    """Go on with keys that French pages would print with a space: an instance that has lived has no others."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'")
        for (name,) in cursor.fetchall():
            cursor.execute(f"SELECT setval('{name}', greatest(5000, (SELECT last_value FROM {name})))")


class Lab:
    """An association with one metrologist, two stations with a bench, and two units that stood there."""

    def __init__(self, folder: Path) -> None:
        _keys_above_a_thousand()
        self.owner = Organisation.objects.create(name="Atmo d'essai")
        self.model = SensorModel.objects.create(
            maker="Essai", name="PMS5003", slug="pms5003", wire_format="csv", reporting_interval_s=60
        )
        self.jrc = self._unit("40816F", "ISPRA", "Ispra", 45.8146, 8.6358, JANUARY, timedelta(days=12))
        self.epa = self._unit("RT01", "BURDENS", "Burdens Creek", 45.9, 8.7, AUGUST, timedelta(days=31))
        self._folder = folder

    def _unit(
        self,
        code: str,
        station: str,
        name: str,
        latitude: float,
        longitude: float,
        start: datetime,
        stay: timedelta,
    ) -> CoLocation:
        beside = ReferenceStation.objects.create(
            code=station, name=name, latitude=latitude, longitude=longitude
        )
        bench = Place.at(latitude, longitude, precision_m=200, kind="bench", label=name, station=beside)
        sensor = self.sensor(code)
        placement = Placement.objects.create(
            sensor=sensor, place=bench, purpose="co_location", starts_at=start, ends_at=start + stay
        )
        return CoLocation.of(placement, starts_at=start, ends_at=start + stay)

    def sensor(self, code: str) -> Sensor:
        return Sensor.objects.create(
            model=self.model, owner=self.owner, inventory_code=code, wire_format="csv", device_id=code.lower()
        )

    def load_epa(self) -> None:
        """Load EPA's unit as the documentation says: without the preamble and the other parameters."""
        epa, folder = DATA / "sensortoolkit_sample", self._folder
        minutes, station = folder / "RT01.csv", folder / "burdens.csv"
        lines = (epa / "toco_toucan_RT01_raw.csv").read_text().splitlines(keepends=True)
        minutes.write_text("".join(lines[6:]))
        frame = pd.read_csv(epa / "airnowtech_example_reference_data.csv")
        frame = frame[frame["Param"].str.startswith("PM2.5") & (frame["QC Code"] == 0)]
        frame.to_csv(station, index=False)
        call_command(
            "import_readings", "--format", "csv", "--sensor", "RT01", "--timezone", "Etc/GMT+5",
            "--time-format", "%m/%d/%Y %H:%M", "--map",
            "time=Time,pm25=PM2.5 (µg/m³),temperature=TEMP (°C),humidity=RH (%)", str(minutes),
        )  # fmt: skip
        call_command(
            "import_reference", "--map", "time=Date (UTC)+Time (UTC),pm25=Value", "--time-format",
            "%m/%d/%Y %H:%M", "--unit", "ug/m3", "--station", "BURDENS", str(station),
        )  # fmt: skip
        dirty_hours(now=timezone.now())

    def load_jrc(self) -> None:
        """Load JRC's unit as the documentation says."""
        jrc = DATA / "jrc_airsenseur"
        call_command(
            "import_readings", "--format", "csv", "--sensor", "40816F", "--map",
            "time=date,pm10=y,humidity=Relative_humidity", str(jrc / "pms5003_pm10_40816F.csv"),
        )  # fmt: skip
        call_command(
            "import_reference", "--map", "time=date,pm10=Ref.PM10", "--unit", "ug/m3", "--station", "ISPRA",
            str(jrc / "RefData_40816F.csv"),
        )  # fmt: skip
        dirty_hours(now=timezone.now())

    def staff(self, role: Role = Role.METROLOGIST) -> Person:
        person = Person.objects.create_user(f"{role}@exemple.test", name="Maud Mesure")
        StaffRole.give(person, role=role, organisation=self.owner, now=timezone.now())
        return person


class Desk:
    """A browser that presses buttons by their words."""

    def __init__(self, chromium: Any, site: str, expect: Callable[[Any], Any]) -> None:
        self.site, self.expect = site, expect
        self.context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="fr-FR")
        self.page: Any = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))

    def sign_in(self, person: Person) -> None:
        client = Client()
        client.force_login(person)
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": self.site}
        self.context.add_cookies([cookie])

    def go(self, path: str) -> None:
        self.page.goto(self.site + path)

    def press(self, words: str, *, within: str = "main") -> None:
        """Press the first button that says `words`, and wait for the page that follows."""
        button = self.page.locator(f"{within} button", has_text=re.compile(re.escape(words))).first
        with_navigation = button.click
        with_navigation()
        self.page.wait_for_load_state("load")

    def write(self, label: str, text: str) -> None:
        self.page.get_by_label(label, exact=False).first.fill(text)

    def says(self, words: str) -> None:
        self.expect(self.page.locator("main")).to_contain_text(words)

    def axe(self) -> list[str]:
        """Give what axe finds, and hold that nothing is cut off on a phone.

        With CAPTO_SCREENSHOTS the page is kept as seen at a desk and on a phone.
        """
        if folder := os.environ.get("CAPTO_SCREENSHOTS"):
            name = re.sub(r"\W+", "-", self.page.evaluate("location.pathname")).strip("-")
            for width in (360, 1280):
                self.page.set_viewport_size({"width": width, "height": 900})
                self.page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)
        self.page.set_viewport_size({"width": 360, "height": 900})
        assert self.page.evaluate("document.documentElement.scrollWidth") <= 360
        self.page.set_viewport_size({"width": 1280, "height": 900})
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in found["violations"]]
