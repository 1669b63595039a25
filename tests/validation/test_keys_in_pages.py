"""Keys of rows travel through pages unharmed, however large; what is no key is answered 404, never 500."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import pytest_django
from django.db import connection
from django.http import Http404
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from capto.catalogue.models import Sensor
from capto.members.chosen import chosen_or_404, key_of
from capto.members.models import Organisation, Person, StaffRole
from capto.members.roles import Role
from capto.readings.models import ReferenceSeries, Series
from capto.validation.models import Bench, CoLocation, PlaceContext, SetAside

ROOT = Path(__file__).resolve().parents[2]
# A number that a template prints gets a no-break space at a thousand in French: "5 001" is no key.
PRINTED_KEY = re.compile(
    r"\{\{\s*[\w.]*(?:\.(?:pk|id)|(?:next|previous)_page_number|(?:station|series|sensor|placement)_id)\s*\}\}"
)
NO_KEYS = ("", "x", "-1", "2\u202f493", "2\u00a0493", "\u00b2", "1.5", "9" * 40)


def templates() -> list[Path]:
    packages = ("capto", "dashboards", "firmware_bridge")
    return [path for package in packages for path in sorted((ROOT / package).rglob("*.html"))]


def test_no_template_prints_a_key_as_a_number_of_the_language() -> None:
    assert len(templates()) > 100
    found = {
        f"{path.relative_to(ROOT)}: {match}"
        for path in templates()
        for match in PRINTED_KEY.findall(path.read_text())
    } - {"capto/lending/templates/lending/desk.html: {{ found.id }}"}  # a mark: #12
    assert not found, 'write {{ row.pk|stringformat:"s" }}'


@pytest.mark.parametrize("mark", NO_KEYS)
def test_what_is_no_key_is_none(mark: str) -> None:
    assert key_of(mark) is None


def test_a_key_is_read_as_it_was_written() -> None:
    assert (key_of("2493"), key_of(None)) == (2493, None)


@pytest.fixture
def owner(db: None) -> Organisation:
    """An association; the rows that follow have keys above a thousand, as on any instance that has lived."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'")
        for (name,) in cursor.fetchall():
            cursor.execute(f'SELECT setval(\'"{name}"\', greatest(5000, (SELECT last_value FROM "{name}")))')
    return Organisation.objects.create(name="Atmo d’essai")


@pytest.fixture
def staff(owner: Organisation, settings: pytest_django.Settings) -> Client:
    """Someone who holds every role that opens a page of staff."""
    settings.STAFF_SECOND_FACTOR = False
    person = Person.objects.create_user("maud@exemple.test", name="Maud")
    for role in Role:
        StaffRole.give(person, role=role, organisation=owner, now=timezone.now())
    client = Client(raise_request_exception=False)
    client.force_login(person)
    return client


def test_a_row_is_found_by_its_key_and_by_nothing_else(owner: Organisation) -> None:
    assert owner.pk > 1000
    assert chosen_or_404(Organisation, str(owner.pk)) == owner
    for mark in (*NO_KEYS, str(owner.pk + 1)):
        with pytest.raises(Http404):
            chosen_or_404(Organisation.objects.all(), mark)


@pytest.fixture
def stay(owner: Organisation, make_stay: Callable[..., CoLocation]) -> CoLocation:
    """A stay of a sensor of the association."""
    made = make_stay()
    Sensor.objects.filter(pk=made.sensor_id).update(owner=owner)
    return made


def _fire(stay: CoLocation) -> PlaceContext:
    """Note a fire beside the station for the whole stay."""
    return PlaceContext.objects.create(
        station=stay.station,
        kind="fire",
        starts_at=stay.starts_at,
        ends_at=stay.ends_at,
        note="fumée",
        written_at=stay.starts_at,
    )


@pytest.mark.parametrize("mark", NO_KEYS)
def test_forms_answer_what_is_no_key_with_404_or_without_it(
    staff: Client, stay: CoLocation, mark: str
) -> None:
    assert stay.pk > 1000
    context = _fire(stay)
    assert staff.post(reverse("co-location-draft", args=[stay.pk]), {"series": mark}).status_code == 404
    assert staff.post(reverse("replay-rejected"), {"message": mark}).status_code == 404
    answer = staff.post(reverse("context-act", args=[context.pk]), {"act": "exclude", "stay": mark})
    assert answer["Location"] == reverse("contexts")
    assert staff.post(reverse("bench-places", args=[stay.station.code]), {"places": mark}).status_code == 302
    assert not Bench.objects.exists()


@pytest.mark.parametrize("mark", NO_KEYS)
def test_addresses_that_name_no_row_show_their_page_all_the_same(
    staff: Client, stay: CoLocation, mark: str
) -> None:
    for path, asked in (
        (reverse("co-location", args=[stay.pk]), {"serie": mark, "methode": mark}),
        (reverse("contexts"), {"where": f"station:{mark}", "starts_at": mark, "page": mark}),
        (reverse("flags"), {"series": mark, "starts_at": mark, "ends_at": mark}),
        (reverse("benches"), {"du": mark, "capteur": mark}),
        (reverse("vigie"), {"page": mark}),
        (reverse("rejected-messages"), {"raison": mark, "appareil": mark, "page": mark}),
    ):
        assert staff.get(path, asked).status_code == 200, path


@pytest.mark.parametrize("mark", [mark for mark in NO_KEYS if mark])
def test_forms_say_that_a_choice_is_not_one(staff: Client, stay: CoLocation, mark: str) -> None:
    moment = "2026-03-02T10:00"
    told = {
        "starts_at": moment,
        "ends_at": "2026-03-02T12:00",
        "reason": "essai",
        "note": "essai",
        "kind": "fire",
    }
    for path, form in (
        (reverse("flags"), {"series": mark}),
        (reverse("contexts"), {"where": f"station:{mark}", "source": "staff"}),
        (reverse("benches"), {"sensor": mark, "station": mark, "first_day": mark, "last_day": mark}),
    ):
        answer = staff.post(path, told | form)
        assert answer.status_code == 200 and answer.context["form"].errors, path


def test_no_row_has_a_key_beyond_what_the_database_counts(staff: Client) -> None:
    for name in ("co-location", "calibration", "rejected-message", "training-session", "person"):
        assert staff.get(reverse(name, args=[10**30])).status_code == 404, name


def test_a_key_above_a_thousand_is_printed_without_spaces(staff: Client, stay: CoLocation) -> None:
    Series.objects.create(placement=stay.placement, property_id="pm25")
    ReferenceSeries.objects.create(station=stay.station, property_id="pm25", provider="lcsqa")
    found = _fire(stay)
    page = staff.get(
        reverse("co-location", args=[stay.pk]), headers={"accept-language": "fr"}
    ).content.decode()
    assert f'href="?serie={Series.objects.get().pk}"' in page
    doubt = SetAside.put(
        Series.objects.get(),
        starts_at=found.starts_at,
        ends_at=found.ends_at,
        reason="essai",
        now=timezone.now(),
    )
    flags = staff.get(reverse("flags"), headers={"accept-language": "fr"}).content.decode()
    assert f'id="reprendre-{doubt.pk}"' in flags
    for shown in (page, flags):
        assert not re.search(r'(?:value|href|id|for)="[^"]*\d[\u00a0\u202f]\d', shown)


def test_a_nul_in_what_someone_sends_is_a_bad_request(staff: Client, stay: CoLocation) -> None:
    nul = "%00"
    for path in (
        f"/k/{nul}/",
        f"/lieu/{nul}/",
        f"/appareils/refuses/?raison={nul}",
        f"/capteurs/{nul}/acces/",
    ):
        assert staff.get(path).status_code in (400, 404), path
    for path, sent in (
        (reverse("morning-remind"), {"loan": "\0"}),
        (reverse("desk-point"), {"point": "\0"}),
        (reverse("replay-rejected"), {"reason": "\0"}),
    ):
        assert staff.post(path, sent).status_code in (302, 400, 404), path
