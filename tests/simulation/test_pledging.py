"""The demonstration's pledges: all simulated, nothing sent, every page readable."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.test import Client

from capto.members.demo_accounts import make_demo_accounts
from capto.members.messages import send_waiting
from capto.members.models import Organisation, Territory
from capto.simulation.models import SimulatedCity
from capto.simulation.pledging import pledge
from dashboards.episodes.models import Episode
from dashboards.messages.models import PublicMessage
from dashboards.pledges.models import EpisodeReview, PledgeCampaign

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    Organisation.objects.create(
        name="Air simulé", is_simulated=True, territory=Territory.objects.create(name="Ville simulée")
    )
    make_demo_accounts(now=NOW)
    SimulatedCity.objects.create(pk=1, seed=5, opened_at=NOW, history_starts_at=NOW - timedelta(days=100))


def test_two_campaigns_an_episode_gone_by_and_one_of_today_all_simulated() -> None:
    assert pledge(now=NOW) and not pledge(now=NOW)
    states = dict(PledgeCampaign.objects.values_list("slug", "state"))
    assert states == {"sans-feu-de-bois-simule": "called", "sans-ma-voiture-simule": "open"}
    assert not PledgeCampaign.objects.filter(is_simulated=False).exists()
    assert not Episode.objects.filter(is_simulated=False).exists()
    assert EpisodeReview.objects.get().is_simulated and PublicMessage.objects.get().state == "published"
    assert send_waiting(now=NOW) == 0 and not mail.outbox


def test_its_pages_say_that_they_are_simulated(client: Client) -> None:
    pledge(now=NOW)
    review = EpisodeReview.objects.get()
    for address in (
        "/engagements/sans-feu-de-bois-simule/",
        "/engagements/sans-ma-voiture-simule/",
        f"/episodes/bilan/{review.pk}/",
        f"/paroles/{PublicMessage.objects.get().pk}/",
        "/",
    ):
        answer = client.get(address)
        assert answer.status_code == 200 and "imulé" in answer.content.decode()


def test_without_a_city_there_is_nothing_to_pledge_for() -> None:
    SimulatedCity.objects.all().delete()
    assert not pledge(now=NOW)
