"""Readings posted to the real web server, by devices with credentials of their own."""

import base64
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

import pytest

from .conftest import Town, wait_until

AIRROHR = {
    "esp8266id": "7654321",
    "software_version": "NRZ-2024-135",
    "sensordatavalues": [
        {"value_type": "SDS_P1", "value": "17.25"},
        {"value_type": "SDS_P2", "value": "9.40"},
        {"value_type": "BME280_pressure", "value": "98730.55"},
        {"value_type": "signal", "value": "-67"},
    ],
}


class Web:
    """`capto web` as a process of its own, on a free port."""

    def __init__(self, database_url: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.environment = {**os.environ, "CAPTO_DATABASE_URL": database_url}
        self.words = [sys.executable, "-m", "capto", "web", "--port", str(self.port)]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(self.words, env=self.environment, stderr=subprocess.DEVNULL)
        wait_until(self._answers, what="the web server", seconds=60)

    def _answers(self) -> bool:
        try:
            return self.post("/ingest/nothing", b"").status == 404
        except OSError:
            return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)

    def post(self, path: str, body: bytes, *, method: str = "POST", **headers: str) -> "Said":
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            spelled = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, spelled)
            response = connection.getresponse()
            text = response.read()
            found = json.loads(text) if text[:1] == b"{" else {}
            return Said(response.status, found, dict(response.getheaders()))
        finally:
            connection.close()


class Said(NamedTuple):
    status: int
    body: dict[str, Any]
    headers: dict[str, str]


class Device(NamedTuple):
    sensor: int
    name: str
    username: str
    secret: str

    @property
    def basic(self) -> str:
        return "Basic " + base64.b64encode(f"{self.username}:{self.secret}".encode()).decode()


@pytest.fixture(scope="module")
def web(bridge_database_url: str) -> Iterator[Web]:
    web = Web(bridge_database_url)
    web.start()
    yield web
    web.stop()


def issue(town: Town, sensor: int) -> tuple[str, str]:
    """Issue a credential as `Credential.issue` does, in the town's database."""
    secret, username = secrets.token_hex(16), "c" + secrets.token_hex(4)
    town.connection.execute(
        "UPDATE firmware_bridge_credential SET revoked_at = now() WHERE sensor_id = %s AND revoked_at IS NULL",
        (sensor,),
    )
    town.connection.execute(
        "INSERT INTO firmware_bridge_credential (sensor_id, username, secret_sha256, created_at)"
        " VALUES (%s, %s, %s, now())",
        (sensor, username, sha256(secret.encode()).digest()),
    )
    time.sleep(0.4)  # longer than an idle web process takes to hear of it
    return username, secret


def device(town: Town, name: str = "", *, wire_format: str = "senml", **place: Any) -> Device:
    sensor, name = town.sensor(name, wire_format=wire_format, **place)
    return Device(sensor, name, *issue(town, sensor))


def pack(name: str, moment: float, *values: tuple[str, str, float]) -> bytes:
    """A SenML pack of (name, unit, value) at one moment."""
    return json.dumps(
        [{"bn": f"{name}:", "bt": moment}, *({"n": n, "u": u, "v": v} for n, u, v in values)]
    ).encode()


def seconds(*when: int) -> float:
    return datetime(*when, tzinfo=UTC).timestamp()  # type: ignore[misc, arg-type]


def test_an_airrohr_set_up_on_its_own_page_is_read_and_told_created(web: Web, town: Town) -> None:
    box = device(town, "esp8266-7654321", wire_format="airrohr")
    said = web.post(
        "/ingest/airrohr",
        json.dumps(AIRROHR).encode(),
        Authorization=box.basic,
        X_Sensor="esp8266-7654321",
        Content_Type="application/json",
    )
    assert (said.status, said.body) == (201, {"stored": 1})
    assert town.values(box.sensor, "pm10", "native") == [17.25]
    assert town.values(box.sensor, "pm25", "native") == [9.4]
    assert town.values(box.sensor, "pressure", "native") == [987.3055]
    assert town.one("SELECT messages FROM readings_device_state WHERE sensor_id = %s", box.sensor) in (
        1,
        None,
    )


def test_form_a_is_posted_to_the_path_of_upstream_and_its_pin_is_read(web: Web, town: Town) -> None:
    box = device(town, "esp8266-11", wire_format="airrohr")
    body = {"sensordatavalues": [{"value_type": "temperature", "value": "6.8"}]}
    said = web.post(
        "/v1/push-sensor-data/",
        json.dumps(body).encode(),
        Authorization=box.basic,
        X_Sensor="esp8266-11",
        X_PIN="7",
    )
    assert said.status == 201
    assert len(town.all("SELECT FROM readings_raw_message WHERE sensor_id = %s", box.sensor)) == 1


def test_a_message_that_names_another_device_than_its_credentials_is_refused(web: Web, town: Town) -> None:
    mine = device(town, "esp8266-21", wire_format="airrohr")
    other, _ = town.sensor("esp8266-22", wire_format="airrohr")
    for claim in ({"X_Sensor": "esp8266-22"}, {}):
        body = {**AIRROHR, "esp8266id": "22"}
        said = web.post("/ingest/airrohr", json.dumps(body).encode(), Authorization=mine.basic, **claim)
        assert said.status == 403
    assert town.messages(other) == town.messages(mine.sensor) == 0
    reasons = town.all("SELECT reason FROM readings_rejected_message WHERE sensor_id = %s", mine.sensor)
    assert reasons == [("identity_mismatch",), ("identity_mismatch",)]


@pytest.mark.parametrize("scheme", ["basic", "bearer", "bare", "as_username"])
def test_credentials_are_taken_where_a_device_can_put_them(web: Web, town: Town, scheme: str) -> None:
    box = device(town)
    header = {
        "basic": box.basic,
        "bearer": f"Bearer {box.secret}",
        "bare": box.secret,
        "as_username": "Basic " + base64.b64encode(f"{box.secret}:X".encode()).decode(),
    }[scheme]
    body = pack(box.name, seconds(2026, 3, 1, 9), ("pm25", "ug/m3", 8.5))
    assert web.post("/ingest/senml", body, Authorization=header).status == 201
    assert town.values(box.sensor, "pm25", "unknown") == [8.5]


def test_without_valid_credentials_nothing_is_read_or_kept(web: Web, town: Town) -> None:
    box = device(town)
    body = pack(box.name, seconds(2026, 3, 1, 9), ("pm25", "ug/m3", 8.5))
    wrong = "Basic " + base64.b64encode(f"{box.username}:{'0' * 32}".encode()).decode()
    for headers in (
        {},
        {"Authorization": wrong},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic %%%"},
    ):
        said = web.post("/ingest/senml", body, **headers)
        assert said.status == 401
        assert said.headers["www-authenticate"].startswith("Basic realm=")
        assert said.body["error"]
    assert town.messages(box.sensor) == 0
    assert town.one("SELECT count(*) FROM readings_rejected_message WHERE sensor_id = %s", box.sensor) == 0


def test_a_renewed_credential_ends_the_one_before(web: Web, town: Town) -> None:
    box = device(town)
    body = pack(box.name, seconds(2026, 3, 1, 9), ("pm25", "ug/m3", 8.5))
    assert web.post("/ingest/senml", body, Authorization=box.basic).status == 201
    username, secret = issue(town, box.sensor)
    later = pack(box.name, seconds(2026, 3, 1, 10), ("pm25", "ug/m3", 9.5))
    assert web.post("/ingest/senml", later, Authorization=box.basic).status == 401
    new = box._replace(username=username, secret=secret)
    assert web.post("/ingest/senml", later, Authorization=new.basic).status == 201


def test_each_refused_item_has_its_reason_and_the_others_are_stored(web: Web, town: Town) -> None:
    box = device(town)
    moment = seconds(2026, 3, 1, 9)
    body = pack(box.name, moment, ("pm25", "ug/m3", 8.5), ("pm10", "furlong", 9.0))
    for _ in range(2):  # the second answer is as complete as the first
        said = web.post("/ingest/senml", body, Authorization=box.basic)
        assert said.status == 201
        assert said.body["refused"] == ["[2] pm10: the unit is unknown"]
    assert town.values(box.sensor, "pm25", "unknown") == [8.5]


def test_what_no_reading_can_be_made_of_is_told_and_kept(web: Web, town: Town) -> None:
    box = device(town)
    said = web.post("/ingest/senml", b"[{", Authorization=box.basic)
    assert said.status == 422
    assert said.body["stored"] == 0 and said.body["refused"][0].startswith("undecodable: ")
    (payload,) = town.all(
        "SELECT payload FROM readings_rejected_message WHERE wire_format = 'senml' ORDER BY id DESC LIMIT 1"
    )[0]
    assert bytes(payload) == b"[{"


def test_another_value_for_the_same_time_is_a_conflict(web: Web, town: Town) -> None:
    box = device(town)
    moment = seconds(2026, 3, 1, 9)
    first = pack(box.name, moment, ("pm25", "ug/m3", 8.5))
    assert web.post("/ingest/senml", first, Authorization=box.basic).status == 201
    assert web.post("/ingest/senml", first, Authorization=box.basic).status == 201
    other = pack(box.name, moment, ("pm25", "ug/m3", 99.0))
    assert web.post("/ingest/senml", other, Authorization=box.basic).status == 409
    assert town.values(box.sensor, "pm25", "unknown") == [8.5]


def test_what_a_borrower_paused_is_not_kept(web: Web, town: Town) -> None:
    box = device(town, is_paused=True)
    body = pack(box.name, seconds(2026, 3, 1, 9), ("pm25", "ug/m3", 8.5))
    said = web.post("/ingest/senml", body, Authorization=box.basic)
    assert said.status == 200 and "paused" in said.body["note"]
    assert town.messages(box.sensor) == 0
    assert town.one("SELECT count(*) FROM readings_rejected_message WHERE sensor_id = %s", box.sensor) == 0


def test_the_wrong_door_is_said_in_plain_words(web: Web, town: Town) -> None:
    box = device(town)
    large = web.post("/ingest/senml", b" " * 262_145, Authorization=box.basic)
    kind = web.post("/ingest/senml", b"", Authorization=box.basic, Content_Type="image/png")
    zipped = web.post("/ingest/senml", b"", Authorization=box.basic, Content_Encoding="gzip")
    other = web.post("/ingest/airgradient", b"{}", Authorization=box.basic)
    unknown = web.post("/ingest/telepathy", b"{}", Authorization=box.basic)
    looked = web.post("/ingest/senml", b"", method="GET", Authorization=box.basic)
    answers = (large, kind, zipped, other, unknown, looked)
    assert [said.status for said in answers] == [413, 415, 415, 403, 404, 405]
    assert all(len(said.body["error"]) > 20 for said in answers)
    assert looked.headers["allow"] == "POST"


def test_a_device_in_a_tight_loop_is_slowed_down_and_the_others_are_not(web: Web, town: Town) -> None:
    loop, other = device(town), device(town)
    said = [web.post("/ingest/senml", b"[", Authorization=loop.basic) for _ in range(330)]
    slowed = [one for one in said if one.status == 429]
    assert slowed and said[299].status == 422  # 300 at once, then 5 a second
    assert int(slowed[0].headers["retry-after"]) >= 1
    body = pack(other.name, seconds(2026, 3, 1, 9), ("pm25", "ug/m3", 8.5))
    assert web.post("/ingest/senml", body, Authorization=other.basic).status == 201


def test_a_secret_in_the_path_or_the_query_is_never_stored(web: Web, town: Town) -> None:
    box = device(town, wire_format="thingsboard")
    said = web.post(f"/api/v1/{box.secret}/telemetry", b'{"temperature": 5}')
    assert said.status == 422 and "declares" in said.body["refused"][0]
    influx = device(town, wire_format="canairio")
    assert web.post(f"/write?db=x&u={influx.username}&p={influx.secret}", b"nonsense").status == 422
    kept = str(
        town.all("SELECT topic, detail, headers.* FROM readings_rejected_message, (SELECT 1) AS headers")
    )
    assert box.secret not in kept and influx.secret not in kept
    assert "/api/v1/…/telemetry" in kept and "/write?db=x" in kept


def test_a_declared_map_names_what_a_thingsboard_device_sends_and_its_version_is_kept(
    web: Web, town: Town
) -> None:
    box = device(town, wire_format="thingsboard")
    fields = {"p25": {"quantity": "pm25", "unit": "mg/m3", "variant": "native"}}
    town.connection.execute(
        "INSERT INTO firmware_bridge_decodermap"
        " (wire_format, sensor_id, stated_name, version, fields, note, created_at)"
        " VALUES ('thingsboard', %s, '', 1, %s, '', now())",
        (box.sensor, json.dumps(fields)),
    )
    time.sleep(0.4)
    body = json.dumps({"ts": 1_772_355_600_000, "values": {"p25": 0.012}}).encode()
    assert web.post(f"/api/v1/{box.secret}/telemetry", body).status == 201
    assert town.values(box.sensor, "pm25", "native") == [12.0]
    assert (
        town.one("SELECT mapping FROM firmware_bridge_mappinguse WHERE sensor_id = %s", box.sensor)
        == "thingsboard/1+1"
    )


def test_pages_are_still_served_and_a_post_to_one_still_needs_its_form(web: Web) -> None:
    assert web.post("/", b"", method="GET").status == 200
    assert web.post("/connexion/", b"x=1", Content_Type="application/x-www-form-urlencoded").status == 403


def test_a_database_that_is_away_is_said_so_and_the_next_post_is_stored(web: Web, town: Town) -> None:
    box = device(town)
    body = pack(box.name, seconds(2026, 3, 1, 9), ("pm25", "ug/m3", 8.5))
    assert web.post("/ingest/senml", body, Authorization=box.basic).status == 201
    town.connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND datname = current_database() AND application_name = 'capto bridge'"
    )
    later = pack(box.name, seconds(2026, 3, 1, 10), ("pm25", "ug/m3", 9.5))
    assert web.post("/ingest/senml", later, Authorization=box.basic).status == 201
    assert town.messages(box.sensor) == 2


def test_the_return_of_the_sensor_ends_its_http_credential_at_once(web: Web, town: Town) -> None:
    key, name = town.sensor(wire_format="senml", starts_at=None)
    placement = town.place_sensor(key, starts_at=datetime.now(UTC) - timedelta(days=1))
    username, secret = town.issue(key, placement)
    time.sleep(0.4)
    basic = "Basic " + base64.b64encode(f"{username}:{secret}".encode()).decode()
    body = pack(name, datetime.now(UTC).timestamp(), ("pm25", "ug/m3", 8.0))
    assert web.post("/ingest/senml", body, Authorization=basic).status == 201
    # Nobody but the return itself: no bridge runs here that would revoke it.
    town.one("UPDATE readings_placement SET ends_at = now() WHERE id = %s RETURNING id", placement)
    time.sleep(0.4)
    assert web.post("/ingest/senml", body, Authorization=basic).status == 401
    assert town.messages(key) == 1
