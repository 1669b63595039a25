"""The metrologist's workspace on real measurements, each of its buttons pressed in a real browser.

Two units beside stations (JRC Ispra, January 2020; US EPA sensortoolkit, August 2019) come in by the documented
commands; after each press the database is read. The data: European Commission, JRC, EUPL-1.2; US EPA, MIT.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from calibration import Flag
from capto.catalogue.models import Kit, KitModel, LendingPoint, UpkeepTicket
from capto.members.models import Person
from capto.members.roles import Role
from capto.readings.models import HourlyValue, Series
from capto.validation.models import (
    Bench,
    Calibration,
    CoLocation,
    DataChange,
    PlaceContext,
    SetAside,
    VigieItem,
)
from tests.journeys.workspace import AUGUST, DATA, HOUR, JANUARY, Desk, Lab

pytestmark = [
    pytest.mark.skipif(not DATA.exists(), reason="the shared data are not on this machine"),
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]


@pytest.fixture
def lab(transactional_db: None, tmp_path: Path) -> Lab:
    return Lab(tmp_path)


@pytest.fixture
def desk(
    lab: Lab, chromium: Any, live_server: Any, settings: Any, expect: Callable[[Any], Any]
) -> Iterator["Desk"]:
    """The metrologist, signed in."""
    settings.STAFF_SECOND_FACTOR = False
    desk = Desk(chromium, live_server.url, expect)
    desk.sign_in(lab.staff())
    yield desk
    assert desk.problems == []
    desk.context.close()


def test_the_calendar_plans_welcomes_and_lets_go(lab: Lab, desk: Desk) -> None:
    lab.sensor("C-1"), lab.sensor("C-2")
    tomorrow = timezone.localdate() + timedelta(days=1)
    desk.go("/metrologie/")
    assert desk.axe() == []
    desk.page.locator("#places-ISPRA").fill("1")
    desk.press("Noter", within="form[action='/metrologie/bancs/ISPRA/places/']")
    desk.says("Ispra : 1 places")
    assert Bench.objects.get(station__code="ISPRA").places == 1

    def plan(sensor: str) -> None:
        desk.page.locator("[name=sensor]").select_option(sensor)
        desk.page.locator("[name=station]").select_option("ISPRA")
        desk.page.locator("[name=first_day]").fill(tomorrow.isoformat())
        desk.page.locator("[name=last_day]").fill((tomorrow + timedelta(days=13)).isoformat())
        desk.press("Prévoir")

    plan("C-1")
    desk.says("C-1 : prévu à Ispra")
    stay = CoLocation.objects.get(sensor__inventory_code="C-1")
    assert stay.placement is None and (stay.ends_at - stay.starts_at) // timedelta(hours=23) >= 14
    plan("C-2")
    desk.says("Toutes les places de cette station sont prises")
    assert not CoLocation.objects.filter(sensor__inventory_code="C-2").exists()
    desk.go("/metrologie/")
    desk.press("C-1 est arrivé")
    desk.says("C-1 est au banc")
    stay.refresh_from_db()
    assert stay.placement is not None and stay.placement.ends_at is None
    desk.press("C-1 s’en va")
    stay.refresh_from_db()
    assert stay.placement.ends_at is not None and stay.ends_at <= timezone.now()
    desk.go("/metrologie/")
    plan("C-2")
    desk.press("Abandonner le projet de C-2")
    desk.says("la place est libre")
    assert not CoLocation.objects.filter(sensor__inventory_code="C-2").exists()


def test_a_co_location_is_judged_on_one_screen_and_decided_after_seeing_what_would_change(
    lab: Lab, desk: Desk
) -> None:
    lab.load_epa()
    desk.go(f"/metrologie/comparaisons/{lab.epa.pk}/")
    assert desk.axe() == []
    assert (
        desk.page.locator("svg.for-desk").count() == 6
    )  # series, scatter, humidity, temperature, level, time
    desk.says("n 7")  # pairs of the scatter: about seven hundred
    rows = desk.page.locator("#modeles ~ .scroll tbody tr")
    assert rows.count() == 4
    assert desk.page.locator("tr.chosen-row").count() == 1
    desk.page.locator("tbody a", has_text="droite inversée").first.click()
    desk.page.wait_for_load_state("load")
    desk.press("Garder en brouillon", within="tr.shown-row")
    version = Calibration.objects.get()
    assert (version.status, version.created_by_id is not None) == ("draft", True)
    shown = int(desk.page.locator("#hours-changed").inner_text())
    assert desk.axe() == []
    assert not DataChange.objects.exists()
    assert not HourlyValue.objects.filter(calibration_id=version.pk).exists()
    desk.press("Refuser")
    desk.says("Une décision demande son motif")
    assert Calibration.objects.get().status == "draft"
    desk.page.locator("[name=reason]").fill("humidité mal couverte")
    desk.press("Refuser")
    desk.says("Refusé")
    version.refresh_from_db()
    assert (version.status, version.reason, version.decided_by_name) == (
        "refused",
        "humidité mal couverte",
        "Maud Mesure",
    )

    desk.go(f"/metrologie/comparaisons/{lab.epa.pk}/")
    desk.press("Garder en brouillon", within="tr.chosen-row")
    second = Calibration.objects.get(status="draft")
    shown = int(desk.page.locator("#hours-changed").inner_text())
    desk.page.locator("[name=reason]").fill("aucun motif dans les résidus")
    desk.press("Approuver et publier")
    desk.says("Approuvé")
    second.refresh_from_db()
    assert second.status == "approved" and second.version == 2
    line = DataChange.objects.get()
    assert line.calibration == second and line.hours_changed == shown > 700
    assert HourlyValue.objects.filter(calibration_id=second.pk).count() >= shown
    desk.go("/metrologie/etalonnages/")
    desk.says("aucun motif dans les résidus")
    assert desk.axe() == []


def test_hours_are_set_aside_and_taken_back_with_their_reasons(lab: Lab, desk: Desk) -> None:
    lab.load_jrc()
    series = Series.objects.get(placement=lab.jrc.placement, property="pm10")
    desk.go(f"/metrologie/comparaisons/{lab.jrc.pk}/")
    links = desk.page.locator("a", has_text="Écarter cette heure")
    if links.count():
        links.first.click()
    else:
        desk.go(
            f"/metrologie/drapeaux/?series={series.pk}&starts_at=2020-01-20T10:00&ends_at=2020-01-20T11:00"
        )
    desk.page.wait_for_load_state("load")
    desk.page.locator(".form [name=reason]").fill("feu de feuilles mortes")
    assert desk.axe() == []
    desk.press("Écarter", within=".form")
    desk.says("heures écartées")
    doubt = SetAside.objects.get()
    hour = HourlyValue.objects.get(series=series, hour=doubt.starts_at)
    assert (doubt.reason, doubt.set_by_name) == ("feu de feuilles mortes", "Maud Mesure")
    assert hour.grade == "D" and hour.flags & Flag.PERSON
    desk.page.locator(".short-form [name=reason]").fill("c'était la station")
    desk.press("Reprendre ces heures")
    desk.says("l’ancien motif reste écrit")
    doubt.refresh_from_db()
    assert doubt.lifted_reason == "c'était la station" and SetAside.objects.count() == 1
    assert not HourlyValue.objects.get(series=series, hour=doubt.starts_at).flags & Flag.PERSON


def test_context_is_told_and_leaves_hours_out_of_the_fit(lab: Lab, desk: Desk, live_server: Any) -> None:
    lab.load_jrc()
    desk.go("/metrologie/contexte/")
    desk.page.locator("[name=where]").select_option(f"station:{lab.jrc.station_id}")
    desk.page.locator("[name=kind]").select_option("works")
    desk.page.locator("[name=starts_at]").fill("2020-01-20T08:00")
    desk.page.locator("[name=ends_at]").fill("2020-01-20T18:00")
    desk.page.locator("[name=note]").fill("tronçonneuse sous la cabine")
    desk.press("Noter", within=".form")
    context = PlaceContext.objects.get()
    assert (context.kind, context.station, context.author is not None) == ("works", lab.jrc.station, True)
    assert context.starts_at == datetime(2020, 1, 20, 7, tzinfo=UTC)

    def pairs() -> int:
        desk.go(f"/metrologie/comparaisons/{lab.jrc.pk}/")
        found = re.search(r"n (\d+), pente", desk.page.locator("#nuage-d").text_content())
        assert found is not None
        return int(found.group(1))

    before = pairs()
    desk.press("Laisser ces heures hors de l’ajustement")
    context.refresh_from_db()
    assert context.excludes_from_fits and context.decided_by_name == "Maud Mesure"
    assert pairs() == before - 10
    desk.press("Reprendre ces heures dans l’ajustement")
    assert pairs() == before
    desk.go("/metrologie/contexte/")
    assert desk.axe() == []
    desk.press("Laisser hors des ajustements")
    context.refresh_from_db()
    assert context.excludes_from_fits
    desk.press("Retirer")
    context.refresh_from_db()
    assert context.withdrawn_by_name == "Maud Mesure" and not context.excludes_from_fits

    desk.context.clear_cookies()
    borrower = Person.objects.create_user("alice@exemple.test", name="Alice")
    desk.sign_in(borrower)
    assert lab.jrc.placement is not None
    desk.go(f"/contexte/{lab.jrc.placement.public_id}/")
    desk.page.locator("[name=kind]").select_option("chimney")
    desk.page.locator("[name=starts_at]").fill("2020-01-21T19:00")
    desk.page.locator("[name=ends_at]").fill("2020-01-21T23:00")
    desk.page.locator("[name=note]").fill("cheminée du voisin")
    assert desk.axe() == []
    desk.press("Envoyer")
    desk.says("cheminée du voisin")
    told = PlaceContext.objects.get(author=borrower)
    assert (told.source, told.place, told.excludes_from_fits) == ("borrower", lab.jrc.placement.place, False)


def test_each_item_of_the_vigie_ends_in_a_recorded_act(lab: Lab, desk: Desk) -> None:
    lab.load_jrc()
    series = Series.objects.get(placement=lab.jrc.placement, property="pm10")
    placement = series.placement
    point = LendingPoint.objects.create(
        organisation=lab.owner, name="Point", slug="point", latitude=45.8, longitude=8.6
    )
    kit = Kit.add(
        KitModel.objects.create(name="Mallette", slug="mallette"),
        point=point,
        now=AUGUST,
        sensors=[placement.sensor],
    )
    begin = JANUARY + 30 * HOUR

    def note(kind: VigieItem.Kind, gravity: int, **found: Any) -> VigieItem:
        item = VigieItem.note(
            kind,
            placement=placement,
            series_id=None if kind == VigieItem.Kind.SILENT else series.pk,
            gravity=gravity,
            begins_at=begin,
            ends_at=begin + 6 * HOUR,
            found=found,
            now=timezone.now(),
        )
        assert item is not None
        return item

    silent = note(VigieItem.Kind.SILENT, 1, days=4.0)
    drifting = note(VigieItem.Kind.DRIFTING, 2, slope=1.4, offset=2.0, proxy="Ispra", reasons=["slope_off"])
    cluster = note(VigieItem.Kind.CLUSTER, 2, hours=6, flags=int(Flag.SPIKE))
    contradiction = note(
        VigieItem.Kind.CONTRADICTION, 3, hours=30, of=40, here=60.0, there=20.0, station="Ispra", km=0.1
    )
    desk.go("/metrologie/vigie/")
    assert desk.axe() == []
    order = [item.get_attribute("id") for item in _each(desk.page.locator(".inbox > li"))]
    assert order == [f"alerte-{item.pk}" for item in (contradiction, cluster, drifting, silent)]
    assert desk.page.locator(".inbox .acts button").count() == 12
    assert desk.page.locator(".inbox svg.for-desk").count() == 4

    def end(item: VigieItem, act: str, reason: str) -> VigieItem:
        within = f"#alerte-{item.pk}"
        desk.page.locator(f"{within} textarea").fill(reason)
        if desk.page.locator(f"{within} select").count():
            desk.page.locator(f"{within} select").select_option("fire")
        desk.press(act, within=within)
        desk.says("C’est écrit")
        item.refresh_from_db()
        assert (item.closed_by_name, item.reason) == ("Maud Mesure", reason)
        return item

    ended = end(contradiction, "Écarter ces heures", "insecte dans la chambre")
    assert ended.set_aside == SetAside.objects.get()
    marked = HourlyValue.objects.filter(series=series, hour__gte=begin, hour__lt=begin + 6 * HOUR)
    assert {hour.grade for hour in marked} == {"D"} and all(hour.flags & Flag.PERSON for hour in marked)
    ended = end(cluster, "Expliquer par le contexte du lieu", "feu d'artifice")
    assert ended.context is not None and ended.context.kind == "fire"
    ended = end(drifting, "Envoyer à l’atelier", "pente de 1,4")
    assert ended.ticket == UpkeepTicket.objects.get(kit=kit) and ended.ticket.blocks_lending
    ended = end(silent, "Classer sans suite", "panne de réseau du quartier")
    assert ended.act == "dismiss" and not VigieItem.objects.open().exists()
    desk.says("Rien n’attend")


def _each(found: Any) -> list[Any]:
    return [found.nth(number) for number in range(found.count())]


def test_the_workspace_is_for_metrologists_with_their_second_factor(
    lab: Lab, client: Client, settings: Any
) -> None:
    pages = ["", "etalonnages/", "vigie/", "drapeaux/", "contexte/", f"comparaisons/{lab.jrc.pk}/"]
    assert {client.get(f"/metrologie/{page}").status_code for page in pages} == {302}
    client.force_login(lab.staff(Role.LIBRARIAN))
    settings.STAFF_SECOND_FACTOR = False
    assert {client.get(f"/metrologie/{page}").status_code for page in pages} == {403}
    client.force_login(lab.staff(Role.METROLOGIST))
    assert {client.get(f"/metrologie/{page}").status_code for page in pages} == {200}
    settings.STAFF_SECOND_FACTOR = True
    answers = [client.get(f"/metrologie/{page}") for page in pages]
    assert {answer.status_code for answer in answers} == {302}
    assert all(answer.headers["Location"].startswith(reverse("second-factor")) for answer in answers)
