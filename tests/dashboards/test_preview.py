"""The picture that a link to a place shows elsewhere is ours, and says what is published and no more."""

from io import BytesIO

import pytest
from django.test import Client
from PIL import Image

from dashboards.models import Withdrawal
from tests.dashboards.conftest import NOON, City

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]


def test_a_place_names_its_picture_and_the_picture_is_a_png_of_the_usual_size(
    client: Client, city: City
) -> None:
    home = city.place("Berriat")
    city.hours(home, [12.0] * 3)
    page = client.get(f"/lieu/{home.public_id}/").content.decode()
    address = page.split('property="og:image" content="')[1].split('"')[0]
    assert address.endswith(f"/lieu/{home.public_id}/pm25/apercu.png")
    answer = client.get(f"/lieu/{home.public_id}/pm25/apercu.png")
    assert answer["Content-Type"] == "image/png"
    with Image.open(BytesIO(answer.content)) as picture:
        assert picture.size == (1200, 630) and len(set(picture.getdata())) > 4
    assert len(answer.content) < 100_000


def test_the_picture_changes_with_the_hour_and_does_without_one(client: Client, city: City) -> None:
    home = city.place("Un lieu au nom bien long, plus long que ce que tient une seule ligne d’image")
    city.hours(home, [None], quantity="pm25", grade="D")
    without = client.get(f"/lieu/{home.public_id}/pm25/apercu.png").content
    city.hours(home, [12.0], end=NOON.replace(hour=11))
    assert client.get(f"/lieu/{home.public_id}/pm25/apercu.png").content != without


def test_a_withdrawn_or_unknown_place_has_no_picture(client: Client, city: City) -> None:
    home = city.place("Berriat")
    city.hours(home, [12.0] * 3)
    assert client.get(f"/lieu/{home.public_id}/o3/apercu.png").status_code == 404
    assert client.get("/lieu/unknown/pm25/apercu.png").status_code == 404
    Withdrawal.objects.withdraw(home.public_id, reason="Motif", author="Équipe", now=NOON)
    assert client.get(f"/lieu/{home.public_id}/pm25/apercu.png").status_code == 410
