"""What is nearest to an address, a town or a click: told with its distance, and kept nowhere."""

import json
import logging
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import caches
from django.test import Client

from dashboards import geocoder
from tests.dashboards.conftest import City

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

ADDRESS = "12 rue du Secret 38000 Grenoble"


class Addresses(BaseHTTPRequestHandler):
    """A geocoder that answers what the test laid down."""

    status: ClassVar[int] = 200
    body: ClassVar[bytes] = b"{}"
    asked: ClassVar[list[dict[str, list[str]]]] = []
    wait_s: ClassVar[float] = 0.0

    def do_GET(self) -> None:
        type(self).asked.append(parse_qs(urlsplit(self.path).query))
        time.sleep(self.wait_s)
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: Any) -> None: ...


def features(*found: tuple[str, float, float, float]) -> bytes:
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "geometry": {"type": "Point", "coordinates": [longitude, latitude]},
                    "properties": {"label": label, "score": score},
                }
                for label, latitude, longitude, score in found
            ],
        }
    ).encode()


@pytest.fixture
def addresses(settings: Any) -> Iterator[type[Addresses]]:
    """A geocoder of this machine, which the site asks."""
    caches["limits"].clear()
    server = HTTPServer(("127.0.0.1", 0), Addresses)
    Thread(target=server.serve_forever, daemon=True).start()
    settings.GEOCODER_URL = f"http://127.0.0.1:{server.server_port}/geocodage/search"
    Addresses.status, Addresses.asked, Addresses.wait_s = 200, [], 0.0
    Addresses.body = features((ADDRESS, 45.1700, 5.7300, 0.95))
    yield Addresses
    server.shutdown()
    server.server_close()


@pytest.fixture
def town(city: City) -> City:
    """A sensor 12 ± 3 near the middle, one 20 far north, a station at 11 in the south."""
    city.reference(city.station(), [11.0] * 3)
    city.hours(city.place("Berriat", position=(45.1720, 5.7300)), [12.0] * 3)
    city.hours(city.place("Capuche", position=(45.2500, 5.7300)), [20.0] * 3)
    return city


def said(answer: Any) -> str:
    return str(answer.content.decode()).replace("\u202f", " ").replace("\xa0", " ")


def test_an_address_is_answered_by_the_nearest_sensor_and_station_with_their_distance(
    client: Client, town: City, addresses: type[Addresses]
) -> None:
    answer = client.post("/autour/", {"adresse": "12 rue du secret"})
    page = said(answer)
    assert answer.status_code == 200
    assert f"L’air près de {ADDRESS}" in page
    # 0.002° of latitude is 222 m; the cell's centre lies up to 141 m from the sensor.
    assert "Le capteur prêté le plus proche, Berriat, est à" in page and "12,0 µg/m³, à 3,0 près" in page
    assert "La station de référence la plus proche, Les Frênes, est à 1,0 km : 11,0 µg/m³." in page
    assert "L’écart est plus petit que l’incertitude" in page
    assert page.index("Berriat</a>") < page.index("Capuche</a>")
    assert addresses.asked[0]["q"] == ["12 rue du secret"]


def test_what_was_looked_for_is_in_no_log_no_row_and_no_cache(
    client: Client, town: City, addresses: type[Addresses], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = client.post("/autour/", {"adresse": ADDRESS})
        Addresses.status = 503
        client.post("/autour/", {"adresse": ADDRESS})
    ours = [record for record in caplog.records if not record.name.startswith("django.db")]
    assert any("503" in record.getMessage() for record in ours)  # the failure is told
    assert not any("Secret" in record.getMessage() for record in caplog.records)
    assert "no-store" in answer["Cache-Control"]
    assert not any("Secret" in str(value) for value in caches["pages"]._cache.values())  # type: ignore[attr-defined]


def test_several_addresses_are_offered_and_the_chosen_one_answers(
    client: Client, town: City, addresses: type[Addresses]
) -> None:
    addresses.body = features(
        ("Rue du Pont Grenoble", 45.17, 5.73, 0.5), ("Rue du Pont Lyon", 45.75, 4.85, 0.4)
    )
    page = said(client.post("/autour/", {"adresse": "rue du pont"}))
    assert "Laquelle de ces adresses ?" in page
    assert 'name="latitude" value="45.750000"' in page
    answer = client.post(
        "/autour/", {"latitude": "45.170000", "longitude": "5.730000", "adresse": "Rue du Pont Grenoble"}
    )
    assert "L’air près de Rue du Pont Grenoble" in said(answer)
    assert len(addresses.asked) == 1  # the second question needed no geocoder


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, b""), (200, b"<html>"), (200, b"[]"), (429, b""), (200, b'{"features": "none"}')],
)
def test_a_geocoder_that_fails_is_told_in_plain_words_and_the_words_stay(
    client: Client, town: City, addresses: type[Addresses], status: int, body: bytes
) -> None:
    addresses.status, addresses.body = status, body
    answer = client.post("/autour/", {"adresse": "rue du Pont"})
    assert answer.status_code == 400
    assert "Le service national des adresses ne répond pas." in said(answer)
    assert 'value="rue du Pont"' in said(answer)


def test_a_geocoder_that_is_slow_is_not_waited_for(
    client: Client, town: City, addresses: type[Addresses], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(geocoder, "TIMEOUT_S", 0.1)
    addresses.wait_s = 0.6
    assert "ne répond pas" in said(client.post("/autour/", {"adresse": "rue du Pont"}))


@pytest.mark.parametrize("status_body", [(200, features()), (400, b"q is too short")])
def test_an_address_that_nobody_knows_is_said_to_be_unknown(
    client: Client, town: City, addresses: type[Addresses], status_body: tuple[int, bytes]
) -> None:
    addresses.status, addresses.body = status_body
    assert "Aucune adresse ne correspond." in said(client.post("/autour/", {"adresse": "xyz"}))


def test_features_without_point_or_words_are_left_out(addresses: type[Addresses]) -> None:
    addresses.body = json.dumps(
        {
            "features": [
                {"geometry": None, "properties": {"label": "A"}},
                {"geometry": {"coordinates": [5.0, 200.0]}, "properties": {"label": "B"}},
                {"geometry": {"coordinates": [5.0, 45.0]}, "properties": {"label": "C"}},
            ]
        }
    ).encode()
    assert [found.label for found in geocoder.look_up("x")] == ["C"]


def test_a_reader_who_asks_without_pause_is_held_back(
    client: Client, town: City, addresses: type[Addresses]
) -> None:
    for _ in range(20):
        client.post("/autour/", {"adresse": "rue du Pont"})
    assert "Trop de recherches d’adresse en une minute." in said(
        client.post("/autour/", {"adresse": "rue du Pont"})
    )
    assert len(addresses.asked) == 20


def test_a_geocoder_in_the_clear_is_not_asked(settings: Any) -> None:
    settings.GEOCODER_URL = "http://elsewhere.example/search"
    with pytest.raises(geocoder.GeocoderSilent):
        geocoder.look_up("rue du Pont")


def test_without_a_geocoder_a_town_is_found_by_its_name_and_others_are_listed(
    client: Client, town: City
) -> None:
    assert "Votre commune</label>" in said(client.get("/"))
    assert "Berriat" in said(client.post("/autour/", {"adresse": " grenoble "}))
    answer = client.post("/autour/", {"adresse": "Nulle-Part"})
    assert answer.status_code == 400
    assert "Aucune commune mesurée ne porte ce nom." in said(answer)
    assert '<a href="/commune/38185/">Grenoble</a>' in said(answer)


def test_a_click_on_the_picture_asks_about_that_point_without_any_script(client: Client, town: City) -> None:
    picture = client.get("/autour/carte.svg")
    assert picture["Content-Type"] == "image/svg+xml"
    drawn = picture.content.decode()
    assert drawn.count("<circle") == 2 and drawn.count("<rect") == 2  # two cells, the ground and a station
    x, y = (drawn.split('<circle cx="')[1].split('"')[0], drawn.split('cy="')[1].split('"')[0])
    page = said(client.post("/autour/", {"carte.x": x, "carte.y": y}))
    assert "L’air près de ce point de la carte" in page
    assert "est à 0 m" in page  # a click on a sensor is at that sensor


@pytest.mark.parametrize(
    "sent",
    [
        {}, {"adresse": "  "}, {"latitude": "nan", "longitude": "5"}, {"latitude": "91", "longitude": "5"},
        {"carte.x": "0", "carte.y": "0"}, {"carte.x": "-4", "carte.y": "1e9"}, {"latitude": "x", "longitude": "y"},
    ],
)  # fmt: skip
def test_what_is_no_point_is_answered_by_what_to_do(client: Client, town: City, sent: dict[str, str]) -> None:
    answer = client.post("/autour/", sent)
    assert answer.status_code == 400
    assert "Écrivez une adresse ou une commune, ou cliquez sur la carte." in said(answer)


def test_far_from_everything_one_is_invited_to_be_the_first(client: Client, town: City) -> None:
    page = said(client.post("/autour/", {"latitude": "48.85", "longitude": "2.35"}))
    assert "Aucun capteur prêté à moins de 30 km." in page


def test_an_empty_library_answers_too(client: Client) -> None:
    assert client.get("/autour/").status_code == 200
    assert client.post("/autour/", {"latitude": "48.85", "longitude": "2.35"}).status_code == 200
    assert client.get("/autour/carte.svg").status_code == 404


def test_home_opens_on_questions(client: Client, town: City) -> None:
    page = said(client.get("/"))
    assert "<h1>Comment est l’air dans ma rue, comparé à la station ?</h1>" in page
    assert 'action="/autour/"' in page and 'href="/soirs/"' in page and 'href="#agir"' in page
