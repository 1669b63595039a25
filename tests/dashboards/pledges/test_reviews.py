"""The page after an episode appears by itself within seven days, with four parts."""

from datetime import timedelta

import pytest
from django.test import Client

from dashboards.pledges.models import Call, EpisodeReview
from dashboards.pledges.reviews import day_start, publish_reviews
from dashboards.pledges.season import turn
from tests.dashboards.conftest import HOUR, City
from tests.dashboards.pledges.conftest import DAY, NOW, TODAY, Season

pytestmark = pytest.mark.django_db


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode().replace("\u202f", " ").replace("\xa0", " ")


def test_it_appears_once_four_days_after_the_last_day_and_so_within_seven(season: Season) -> None:
    for number in range(2):
        season.episode(day=TODAY + number * DAY)
    assert publish_reviews(now=NOW + 4 * DAY) == []
    assert len(publish_reviews(now=NOW + 5 * DAY)) == 1
    assert publish_reviews(now=NOW + 6 * DAY) == []
    review = EpisodeReview.objects.get()
    assert (review.first_day, review.last_day) == (TODAY, TODAY + DAY)
    assert review.published_at.date() - review.last_day <= timedelta(days=7)


def test_an_episode_lifted_before_its_day_has_none(season: Season) -> None:
    season.episode(status="forecast").lift(now=NOW + timedelta(hours=2))
    assert publish_reviews(now=NOW + 6 * DAY) == []


def test_one_lifted_in_the_course_of_its_day_has_one(season: Season) -> None:
    season.episode(day=TODAY).lift(now=NOW + timedelta(hours=2))
    assert len(publish_reviews(now=NOW + 5 * DAY)) == 1


def test_it_says_what_was_announced_measured_pledged_and_done(
    client: Client, season: Season, city: City
) -> None:
    end = day_start(TODAY + DAY)
    city.reference(city.station(), [60.0] * 24, end=end, quantity="no2")
    for value in (50.0, 55.0, 61.0):
        city.hours(city.place(f"Rue {value}"), [value] * 24, end=end, quantity="no2", uncertainty=12.0)
    city.hours(city.place("Rue d’un matin"), [500.0] * 6, end=end - 12 * HOUR, quantity="no2")
    campaign = season.campaign()
    season.pledges(campaign, [0] * 12)
    season.episode(day=TODAY)
    turn(now=NOW)
    for held in Call.objects.get().held_pledges.all()[:7]:
        held.answer("done", now=NOW + DAY)
    turn(now=NOW + 4 * DAY)
    (review,) = publish_reviews(now=NOW + 4 * DAY)
    found = text_of(client, f"/episodes/bilan/{review.pk}/")
    assert "information et recommandation (en vigueur)" in found and "isere.gouv.fr/acte/12" in found
    assert "60,0" in found and "55,0 ± 12,0" in found and "(n 3)" in found
    assert "<dt>Personnes tenues</dt><dd>12</dd>" in found and "<dt>Fait</dt><dd>7</dd>" in found
    assert "Déclaré : d’après" in found and "rien n’est dit d’observé" in found
    assert f"/episodes/bilan/{review.pk}/" in text_of(client, "/episodes/")


def test_without_measures_it_says_so(client: Client, season: Season) -> None:
    season.episode(day=TODAY)
    (review,) = publish_reviews(now=NOW + 4 * DAY)
    found = text_of(client, f"/episodes/bilan/{review.pk}/")
    assert "Ni station ni capteur prêté" in found and "Aucune campagne n’a été appelée" in found
