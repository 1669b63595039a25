"""What to type into which device, with credentials that are shown once and end with the loan."""

import html
import re
from typing import Any

import pytest
from pytest_django import Settings

from capto.members.roles import Role
from firmware_bridge.broker_access import topics_of
from firmware_bridge.device_guides import PLACEHOLDER, Access, Server, guide_for
from firmware_bridge.format_names import FORMAT_NAMES
from firmware_bridge.formats import FORMATS
from firmware_bridge.http_routes import formats_of, proof_of
from firmware_bridge.models import Credential, Gateway, RefusedCredential

from . import pages
from .test_diagnosis_pages import Lent, lending, lent  # noqa: F401  # a fixture

pytestmark = pytest.mark.django_db
library = lending.library
SERVER = Server("https://capto.example.org", "capteurs.example.org", 8883, True)
ACCESS = Access("box-1", "cuser", "s3cret", SERVER)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """No bridge runs here: do not wait for the broker's admission."""
    settings.STAFF_SECOND_FACTOR = False
    monkeypatch.setattr("firmware_bridge.device_access.ADMITTED_WITHIN_S", 0.0)


def shown(page: str) -> dict[str, str]:
    """Read the fields and values of a guide from a page."""
    pairs = re.findall(r"<dt>(.*?)</dt><dd><code>(.*?)</code>", page)
    return {label: html.unescape(value) for label, value in pairs}


@pytest.mark.parametrize("wire_format", sorted(FORMATS))
def test_every_format_has_a_guide_that_its_devices_and_our_doors_agree_with(
    wire_format: str, settings: Settings
) -> None:
    settings.TOKEN_MQTT_URL = "mqtt://capteurs.example.org:1884"
    assert wire_format in FORMAT_NAMES
    access = ACCESS._replace(device="a1b2c3d4e5f6") if wire_format == "airgradient" else ACCESS
    guide = guide_for(wire_format, access)
    said = "\n".join(line.value for line in guide.lines) + guide.copied
    assert guide.where and guide.lines and guide.square.startswith("data:image/svg+xml")
    if wire_format == "smart_citizen":  # it can send no password: its token is its name
        assert "s3cret" not in said and "box-1" in said
        return
    assert "s3cret" in said
    if guide.way == "MQTT":
        assert "capteurs.example.org" in said and "8883" in said
        assert topics_of(wire_format, access.device) or wire_format == "meshtastic"
    else:
        values = {line.label: line.value for line in guide.lines}
        address = values.get("Adresse (URL)", "") or "https://capto.example.org" + values["Chemin (Path)"]
        path, _, query = address.removeprefix("https://capto.example.org").partition("?")
        assert wire_format in [one.name for one in formats_of(path)], path
        environ: dict[str, Any] = {"PATH_INFO": path, "QUERY_STRING": query}
        if "En-tête Authorization" in values:
            environ["HTTP_AUTHORIZATION"] = values["En-tête Authorization"]
            assert proof_of(environ) == ("", "s3cret")
        elif query or "{token}" in "".join(FORMATS[wire_format].http_paths):
            assert proof_of(environ) == ("", "s3cret")


def test_the_borrower_is_given_credentials_once_and_the_page_does_not_show_them_again(lent: Lent) -> None:  # noqa: F811
    sensor = lent.placement.sensor
    sensor.speaks_as(wire_format="senml", device_id="box-1")
    page = f"{lent.page}appareils/{sensor.inventory_code}/"
    browser = lent.borrower()
    assert "n’a pas encore d’identifiants" in browser.get(page).content.decode()
    answer = browser.post(page)
    assert "no-store" in answer["Cache-Control"]
    given = shown(answer.content.decode())
    username = given["Utilisateur (User)"]
    secret = given["Mot de passe (Password)"]
    assert re.fullmatch(r"[a-z2-7]{26}", secret)  # 128 bits in base32
    credential = Credential.verify(username, secret)
    assert credential.placement == lent.placement
    again = browser.get(page).content.decode()
    assert secret not in again and PLACEHOLDER in again and username in again
    lent.library.take_back(lent.loan.kit)
    with pytest.raises(RefusedCredential):
        Credential.verify(username, secret)
    assert browser.get(page).status_code == 403


def test_a_stranger_gets_no_credentials_and_neither_does_another_association(lent: Lent) -> None:  # noqa: F811
    sensor = lent.placement.sensor
    stranger = pages.signed_in(lent.library.person("Eve"))
    assert stranger.post(f"{lent.page}appareils/{sensor.inventory_code}/").status_code == 403
    assert stranger.post(f"/capteurs/{sensor.inventory_code}/acces/").status_code == 403
    other = pages.Library("Air du Sud").staff()
    assert other.post(f"/capteurs/{sensor.inventory_code}/acces/").status_code == 403
    assert Credential.objects.count() == 0


def test_staff_at_the_desk_prints_them_for_the_placement_that_runs(lent: Lent) -> None:  # noqa: F811
    browser, _person = lent.staff(Role.DESK_VOLUNTEER)
    sensor = lent.placement.sensor
    sensor.speaks_as(wire_format="senml", device_id="box-1")
    page = browser.post(f"/capteurs/{sensor.inventory_code}/acces/").content.decode()
    assert "Notez ou imprimez cette page maintenant." in page and "data:image/svg+xml" in page
    assert "ne connaît pas encore" in page  # no bridge runs in this test, and the page says so
    assert Credential.objects.standing().get().placement == lent.placement


def test_a_kit_that_can_send_no_password_gets_a_new_token_with_each_loan(settings: Settings) -> None:
    settings.TOKEN_MQTT_URL = "mqtt://capteurs.example.org:1884"
    library = pages.Library()
    sensor = library.sensor("abc123", code="SCK-1", wire_format="smart_citizen")
    page = library.staff().post("/capteurs/SCK-1/acces/").content.decode()
    sensor.refresh_from_db()
    assert sensor.device_id != "abc123" and re.fullmatch("[a-z0-9]{6}", sensor.device_id)
    assert shown(page)["Jeton (token)"] == sensor.device_id
    settings.TOKEN_MQTT_URL = ""
    assert "carte SD" in library.staff().get("/capteurs/SCK-1/acces/").content.decode()


def test_a_gateway_is_added_registered_and_given_credentials_on_its_page() -> None:
    library = pages.Library()
    staff = library.staff()
    eui = library.sensor("24E124707C123456", code="LORA-1", wire_format="chirpstack")
    fields = {"name": "ChirpStack du toit", "wire_format": "chirpstack", "owner": library.owner.pk}
    assert staff.post("/appareils/passerelles/", fields).status_code == 302
    gateway = Gateway.objects.get()
    address = f"/appareils/passerelles/{gateway.pk}/"
    staff.post(f"{address}capteurs/", {"sensor": [eui.pk]})
    assert list(gateway.sensors.all()) == [eui]
    given = shown(staff.post(address).content.decode())
    secret = given["En-tête Authorization"].removeprefix("Bearer ")
    assert Credential.objects.standing().get(gateway=gateway).secret_sha256
    assert secret not in staff.get(address).content.decode()
    assert staff.post("/appareils/passerelles/", fields).status_code == 422  # the name is taken
    assert pages.Library("Air du Sud").staff().get(address).status_code == 404
