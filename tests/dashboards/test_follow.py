"""What others follow and frame: the feed, the embedded chart, the year, the pages that gather places."""

import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from django.test import Client

from calibration.flags import Flag
from capto.charts.calendar import calendar_chart
from dashboards.days import days_of_place
from tests.dashboards.conftest import NOON, City

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

ATOM = "{http://www.w3.org/2005/Atom}"
MIDNIGHT = datetime(2026, 11, 19, 23, tzinfo=UTC)  # the end of 19 November in Paris


def test_the_mean_of_a_day_is_that_of_its_sound_hours_in_paris(city: City) -> None:
    home = city.place("Berriat")
    city.hours(home, [10.0] * 12 + [20.0] * 12, end=MIDNIGHT)
    city.hours(home, [30.0] * 17, end=MIDNIGHT - timedelta(days=1))  # 17 hours are no day
    (day,) = days_of_place(
        home.public_id, quantity="pm25", first=MIDNIGHT.date() - timedelta(days=3), last=NOON.date()
    )
    assert (day.day.isoformat(), day.mean, day.n, day.uncertainty) == ("2026-11-19", 15.0, 24, 3.0)


def test_an_hour_that_a_check_failed_enters_no_day(city: City) -> None:
    home = city.place("Berriat")
    city.hours(home, [10.0] * 20, end=MIDNIGHT)
    city.hours(home, [900.0] * 4, end=MIDNIGHT - timedelta(hours=20), flags=int(Flag.STUCK), grade="D")
    (day,) = days_of_place(home.public_id, quantity="pm25", first=MIDNIGHT.date(), last=MIDNIGHT.date())
    assert (day.mean, day.n) == (10.0, 20)


def test_two_channels_of_one_sensor_are_never_blended_into_a_day(city: City) -> None:
    home = city.place("Berriat")
    city.hours(home, [10.0] * 24, end=MIDNIGHT)
    city.hours(home, [50.0] * 24, end=MIDNIGHT, variant="cf1", calibration_id=None)
    (day,) = days_of_place(home.public_id, quantity="pm25", first=MIDNIGHT.date(), last=MIDNIGHT.date())
    assert day.mean == 10.0


def test_the_feed_of_a_place_has_an_entry_a_whole_day(client: Client, city: City) -> None:
    home = city.place("Berriat")
    city.hours(home, [12.0] * (24 * 3 + 13))
    answer = client.get(f"/lieu/{home.public_id}/pm25/jours.atom")
    assert answer["Content-Type"] == "application/atom+xml; charset=utf-8"
    entries = ElementTree.fromstring(answer.content).findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}id", "").rpartition("#")[2] for entry in entries] == [
        "2026-11-19", "2026-11-18", "2026-11-17",
    ]  # fmt: skip
    assert "moyenne de 24 heures" in entries[0].findtext(f"{ATOM}summary", "")


def test_a_chart_may_be_framed_anywhere_and_a_page_nowhere(client: Client, city: City) -> None:
    home = city.place("Berriat")
    city.hours(home, [12.0] * 24)
    framed = client.get(f"/integrer/{home.public_id}/pm25/")
    assert "frame-ancestors *" in framed["Content-Security-Policy"]
    assert "X-Frame-Options" not in framed
    page = client.get(f"/lieu/{home.public_id}/pm25/")
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert f"/integrer/{home.public_id}/pm25/" in page.content.decode()


def test_the_year_of_a_place_has_a_cell_for_each_day(client: Client, city: City) -> None:
    home = city.place("Berriat")
    city.hours(home, [12.0] * 24, end=MIDNIGHT)
    found = client.get(f"/lieu/{home.public_id}/pm25/annee/").content.decode()
    desk, phone = found.split('id="annee-desk-t"')[1].split('id="annee-phone-t"')
    assert desk.count('class="cell none"') == 364
    assert phone.split('class="cell none"')[0].rpartition("<path")[2].count("z") == 364  # all in one path
    assert "jeudi 19 novembre" in found
    (address,) = re.findall(r'href="(/data/places/[^"?]+[?][^"]+)"', found)
    assert "from=2025-12-31T23Z&amp;to=2026-12-31T23Z" in address  # the year of Paris, as it is drawn
    file = client.get(address.replace("&amp;", "&"))
    assert b"".join(file.streaming_content).count(b"\n") == 1 + 24
    assert client.get(f"/lieu/{home.public_id}/pm25/annee/2026/").status_code == 200
    assert client.get(f"/lieu/{home.public_id}/pm25/annee/1999/").status_code == 404


def test_a_leap_year_has_366_cells() -> None:
    drawn = calendar_chart(
        {}, year=2028, bounds=(1,), title="", description="", ident="a", day_text=lambda day, value: "",
        month_label=lambda day: "",
    )  # fmt: skip
    assert drawn.count('class="cell none"') == 366


def test_a_commune_and_a_model_gather_their_places(client: Client, city: City) -> None:
    home = city.place("Berriat")
    city.hours(home, [12.0] * 3)
    for address in ("/commune/38185/", "/modele/mesange/"):
        found = client.get(address).content.decode()
        assert f"/lieu/{home.public_id}/pm25/" in found
    for address in ("/commune/99999/", "/modele/nothing/"):
        assert client.get(address).status_code == 404


def test_robots_find_every_public_page_and_no_indoor_one(client: Client, city: City) -> None:
    home = city.place("Berriat")
    city.hours(home, [12.0] * 3)
    hidden = city.place("Chambre", is_indoor=True)
    city.hours(hidden, [12.0] * 3)
    assert "/sitemap.xml" in client.get("/robots.txt").content.decode()
    found = client.get("/sitemap.xml").content.decode()
    ElementTree.fromstring(found)
    assert f"/lieu/{home.public_id}/" in found
    assert "/commune/38185/" in found
    assert hidden.public_id not in found
    assert "lastmod" not in found
