"""What every page shares: language, menu, banner, policy, error pages."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from capto.catalogue.models import Sensor, SensorModel
from capto.members.models import Organisation

pytestmark = pytest.mark.django_db


def text(response: HttpResponse | Any) -> str:
    return str(response.content.decode())


def test_a_page_says_its_language_and_offers_the_other(client: Client) -> None:
    page = text(client.get("/"))
    assert '<html lang="fr">' in page
    assert '<button name="language" value="en" lang="en">English</button>' in page


def test_choosing_english_needs_no_token_and_brings_one_back_to_the_same_page() -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/langue/choisir", {"language": "en", "next": "/"})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert '<html lang="en">' in text(client.get("/"))


def test_no_page_sends_anyone_to_another_site_after_the_choice_of_language(client: Client) -> None:
    assert (
        client.post("/langue/choisir", {"language": "en", "next": "https://elsewhere.example/"})["Location"]
        == "/"
    )


def test_a_page_has_one_title_one_main_and_a_way_past_the_menu(client: Client) -> None:
    page = text(client.get("/"))
    assert page.count("<h1") == 1
    assert page.count("<main") == 1
    assert page.index('class="skip" href="#contenu"') < page.index("<header")


def test_a_page_holds_no_inline_style_or_script_and_no_foreign_host(client: Client) -> None:
    answer = client.get("/")
    page = text(answer)
    assert not re.search(r"\sstyle=|<style|<script(?![^>]*\ssrc=)|\son\w+=", page)
    assert not re.search(r"(?:src|<link[^>]*href)=\"(?:https?:)?//", page)
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_simulated_sensors_are_announced_on_every_page(client: Client) -> None:
    assert 'class="simulated"' not in text(client.get("/"))
    owner = Organisation.objects.create(name="Air d’ici")
    model = SensorModel.objects.create(maker="M", name="N", slug="n", wire_format="senml")
    Sensor.objects.create(
        model=model, owner=owner, inventory_code="S1", wire_format="senml", device_id="1", is_simulated=True
    )
    assert 'class="simulated"' in text(client.get("/"))
    assert 'class="simulated"' in text(client.get("/nowhere/"))


def test_an_unknown_address_is_answered_in_plain_words(client: Client) -> None:
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert "Cette page n’existe pas, ou plus." in text(answer)


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404"])
def test_error_pages_render_with_a_request(name: str) -> None:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    assert "<h1>" in render_to_string(f"{name}.html", request=request)


def test_the_page_of_a_failure_needs_neither_request_nor_database(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        page = render_to_string("500.html")
    assert "Quelque chose n’a pas fonctionné de notre côté." in page


def test_a_wrong_host_is_answered_also_while_the_database_is_away(client: Client) -> None:
    def away(*_: object) -> None:
        raise OperationalError("the database is away")

    with connection.execute_wrapper(away):
        answer = client.get("/", headers={"host": "elsewhere.example"})
    assert answer.status_code == 400 and "Cette demande ne peut pas être lue" in text(answer)
