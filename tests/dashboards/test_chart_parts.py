"""Every chart of every public page: a drawing, a table, files of exactly what is drawn, and a page to frame."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client

from capto.members.models import Campaign, Person
from capto.readings.models import HourlyAggregate, Series
from dashboards.words import figure
from tests.dashboards.conftest import NOON, City

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]
MIDNIGHT = datetime(2026, 11, 19, 23, tzinfo=UTC)  # the end of 19 November in Paris


class Figures(HTMLParser):
    """Reads what stands in each figure of class `plate`: its drawings, its table, its links, its code."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.found: list[dict[str, Any]] = []
        self._inside = ""
        self._is_open = False
        self._cell: list[str] | None = None
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "figure" and given.get("class") == "plate":
            self.found.append({"drawings": [], "rows": [], "files": [], "code": "", "zoom": 0, "titles": ""})
            self._is_open = True
        if not self._is_open:
            return
        now = self.found[-1]
        if tag == "svg" and "chart" in given.get("class", ""):
            now["drawings"].append(given)
        if tag == "tr":
            now["rows"].append([])
        if tag in {"td", "th"} and now["rows"]:
            self._cell = []
        if tag == "a" and "data-line" in given:
            now["files"].append((given["data-line"], given["href"]))
        if tag == "button" and given.get("class") == "zoom-open":
            now["zoom"] += 1
        if tag in {"code", "title"}:
            self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"} and self._cell is not None:
            self.found[-1]["rows"][-1].append("".join(self._cell).strip())
            self._cell = None
        if tag in {"code", "title"}:
            self._inside = ""
        if tag == "figure":
            self._is_open = False

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)
        if self._inside == "code":
            self.found[-1]["code"] += data
        if self._inside == "title":
            self.found[-1]["titles"] += data


@pytest.fixture
def town(city: City) -> City:
    """A station, four places over six days with an evening each, one of them with hours set aside, a campaign."""
    city.reference(city.station(), [11.0 + hour % 7 for hour in range(24 * 9 + 13)])
    for number, label in enumerate(("Berriat", "Capuche", "Villeneuve", "Teisseire")):
        placement = city.place(label, public_id=f"lieu{number}")
        city.hours(placement, [10.0 + number + hour % 9 for hour in range(24 * 6 + 13)])
    Campaign.objects.create(
        question="D’où viennent les particules du soir ?", slug="soir", organisation=city.owner,
        territory=city.commune, mediator=Person.objects.create_user("m@exemple.test"),
        starts_on=date(2026, 11, 15), ends_on=date(2026, 12, 15), seats=3,
    )  # fmt: skip
    return city


PAGES = {
    "/lieu/lieu0/": 3,
    "/lieu/lieu0/?periode=semaine": 3,
    "/lieu/lieu0/?jour=2026-11-18": 3,
    "/lieu/lieu0/?avec=lieu1&avec=lieu2": 3,
    "/lieu/lieu0/pm25/annee/": 1,
    "/station/FR00001/": 3,
    "/station/FR00001/pm25/annee/": 1,
    "/commune/38185/": 2,
    "/commune/38185/pm25/annee/": 1,
    "/modele/mesange/": 2,
    "/campagne/soir/": 2,
    "/soirs/": 1,
}


def charts_of(client: Client, path: str) -> list[dict[str, Any]]:
    answer = client.get(path)
    assert answer.status_code == 200
    return Figures(answer.content.decode()).found


@pytest.mark.parametrize(("path", "n"), PAGES.items())
def test_each_chart_is_drawn_tabled_filed_and_framed(client: Client, town: City, path: str, n: int) -> None:
    found = charts_of(client, path)
    assert len(found) == n
    for chart in found:
        assert [svg["role"] for svg in chart["drawings"]] == ["img", "img"]  # for a desk and for a phone
        assert chart["titles"]
        assert len(chart["rows"]) >= 2
        assert chart["files"] and chart["zoom"] == 1
        assert '<iframe src="http' in unescape(chart["code"])


@pytest.mark.parametrize("path", PAGES)
def test_each_file_holds_exactly_the_figures_of_a_column_of_the_table(
    client: Client, town: City, path: str
) -> None:
    for chart in charts_of(client, path):
        _head, *rows = [row for row in chart["rows"] if row]
        columns = [
            sorted(cell.partition("±")[0].strip().split(" ")[0] for cell in column if cell[:1].isdigit())
            for column in zip(*rows, strict=True)
        ]
        for _line, address in chart["files"]:
            written = rows_of_file(client, address)
            assert written
            values = sorted(figure(float(row["value"])) for row in written)
            assert values in columns, address


def rows_of_file(client: Client, address: str) -> list[dict[str, str]]:
    answer = client.get(address)
    assert answer.status_code == 200, address
    assert answer["Access-Control-Allow-Origin"] == "*" and answer["ETag"]
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode())))


@pytest.mark.parametrize("path", PAGES)
def test_each_framed_page_shows_the_same_chart_without_the_site_around_it(
    client: Client, town: City, path: str
) -> None:
    for chart in charts_of(client, path):
        address = unescape(chart["code"]).split('src="')[1].split('"')[0].split("//", 1)[1]
        answer = client.get("/" + address.split("/", 1)[1])
        assert answer.status_code == 200, address
        assert "frame-ancestors *" in answer["Content-Security-Policy"]
        assert "X-Frame-Options" not in answer
        content = answer.content.decode()
        (alone,) = Figures(content).found
        assert alone["titles"] == chart["titles"]
        assert alone["files"] == chart["files"] and alone["rows"] == chart["rows"]
        assert not alone["zoom"] and not alone["code"]
        assert "masthead" not in content and "<script" not in content
        assert 'rel="license noopener"' in content and "Source" in content
        assert "Lire la page de ce graphique" in content


def test_a_framed_chart_without_enough_measurements_says_so(client: Client, city: City) -> None:
    city.hours(city.place("Berriat", public_id="lieu0"), [12.0] * 5)
    for address in ("/integrer/lieu/lieu0/pm25/semaine/", "/integrer/commune/38185/pm25/jours/"):
        answer = client.get(address)
        assert answer.status_code == 200 and "frame-ancestors *" in answer["Content-Security-Policy"]
        assert "Pas encore assez de mesures" in answer.content.decode()


def test_a_chart_of_a_period_is_the_same_file_a_day_later(
    client: Client, town: City, monkeypatch: Any
) -> None:
    addresses = [url for chart in charts_of(client, "/commune/38185/") for _, url in chart["files"]]
    before = [client.get(address).getvalue() for address in addresses]
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON + timedelta(days=1))
    assert [client.get(address).getvalue() for address in addresses] == before


def test_the_days_of_a_place_are_means_of_eighteen_hours_at_least(client: Client, city: City) -> None:
    home = city.place("Berriat", public_id="lieu0")
    city.hours(home, [12.0] * 12 + [18.0] * 12, end=MIDNIGHT)  # the 19th: (12 + 18) / 2
    city.hours(home, [40.0] * 13)  # thirteen hours of the 20th are no mean
    rows = rows_of_file(client, "/data/charts/place/lieu0/pm25/days.csv?from=2026-11-19&to=2026-11-21")
    assert rows == [
        {
            "quantity": "pm25", "unit": "ug/m3", "day": "2026-11-19", "value": "15.0",
            "expanded_uncertainty": "3.0", "n": "24",
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/data/charts/place/lieu0/pm25/days.csv", 400),
        ("/data/charts/place/lieu0/pm25/days.csv?from=2026-11-20&to=2026-11-19", 400),
        ("/data/charts/place/lieu0/pm25/days.csv?from=2020-11-20&to=2026-11-19", 400),
        ("/data/charts/place/lieu0/pm25/days.csv?from=0001-01-01&to=0001-01-02", 400),
        ("/data/charts/place/nobody/pm25/days.csv?from=2026-11-19&to=2026-11-20", 404),
        ("/data/charts/place/lieu0/rien/days.csv?from=2026-11-19&to=2026-11-20", 404),
        ("/data/charts/place/lieu0/pm25/hours.csv?from=2026-11-19&to=2026-11-20", 404),
        ("/data/charts/campaign/rien/pm25/days.csv?from=2026-11-19&to=2026-11-20", 404),
        ("/data/stations/FR00001/hourly.csv?validity=beaucoup", 400),
        ("/integrer/lieu/lieu0/pm25/soirs/", 404),
        ("/integrer/lieu/nobody/pm25/profil/", 404),
        ("/integrer/lieu/lieu0/pm25/annee-x/", 404),
        ("/integrer/soirs/tous/o3/soirs/", 404),
        ("/integrer/maison/lieu0/pm25/profil/", 404),
    ],
)
def test_what_cannot_be_asked_is_answered_so(client: Client, town: City, address: str, status: int) -> None:
    assert client.get(address).status_code == status


def test_the_hours_of_a_station_of_another_licence_stand_in_no_file(client: Client, city: City) -> None:
    station = city.station()
    city.reference(station, [11.0] * 24 * 9, licence="cc-by-nc")
    for chart in charts_of(client, f"/station/{station.code}/"):
        assert chart["files"] == []
    address = "/data/charts/station/FR00001/pm25/days.csv?from=2026-11-17&to=2026-11-19"
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    "path", [*PAGES, "/lieux/", "/campagnes/", "/autour/", "/lieu/lieu0/pm25/2026-11-19T08Z/"]
)
def test_each_page_leads_to_what_one_can_do(client: Client, town: City, path: str) -> None:
    if path.endswith("Z/"):
        HourlyAggregate.objects.create(
            series=Series.objects.get(placement__public_id="lieu0"), hour=MIDNIGHT - timedelta(hours=15),
            n=6, total=66.0, total_of_squares=732.0, minimum=10.0, maximum=12.0,
        )  # fmt: skip
    content = client.get(path).content.decode()
    ways = content.split('id="suite"')[1].split("</section>")[0]
    for target in ("/engagements/", "/data/", "/methode/", "/contact/"):
        assert f'href="{target}"' in ways
        assert client.get(target).status_code == 200
    assert 'href="/emprunter/' in ways or 'href="/emprunt' in ways
