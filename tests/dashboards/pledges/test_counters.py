"""What is missing to a threshold never tells of fewer than k people, in words, numbers or JSON."""

import pytest
from django.test import Client

from dashboards.pledges.counters import counters
from tests.dashboards.pledges.conftest import NOW, Season

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]


@pytest.mark.parametrize(
    ("conditions", "missing", "at_least"),
    [
        ([], 101, 101),  # nobody is nobody
        ([100], None, 97),  # of one to four people
        ([100] * 4, None, 97),
        ([100] * 5, 96, 96),
        ([100] * 57 + [500] * 3, None, 41),  # 44 would say that three ask for more than the threshold
        ([100] * 55 + [500] * 5, 46, 46),
        ([100] * 3 + [500] * 57, None, 41),  # 98 would say that three ask for no more
        ([500] * 60, 101, 101),  # everyone asks for more: told of sixty people
    ],
)
def test_what_is_missing_is_shown_only_where_it_tells_of_k_people(
    season: Season, client: Client, conditions: list[int], missing: int | None, at_least: int
) -> None:
    campaign = season.campaign(threshold_number=100)
    season.pledges(campaign, conditions)
    found = counters(campaign, now=NOW)
    assert (found.missing, found.missing_at_least) == (missing, at_least)
    assert float(found.way) == pytest.approx(
        100 * (found.pledged or 0) / ((found.pledged or 0) + at_least), abs=0.1
    )
    told = client.get(f"/engagements/{campaign.slug}/comptes.json").json()
    assert (told["missing"], told["missing_at_least"]) == (missing, at_least)
    words = "Il manque au moins" if missing is None else "Il manque"
    page = client.get(f"/engagements/{campaign.slug}/").content.decode()
    assert f"{words} {at_least} personnes pour atteindre le seuil." in page


def test_one_to_four_people_cannot_be_told_apart(season: Season, client: Client) -> None:
    pages = []
    for number in (1, 4):
        campaign = season.campaign(threshold_number=3, slug=f"campagne-de-{number}")
        season.pledges(campaign, [3] * number, start=10 * number)
        page = client.get(f"/engagements/{campaign.slug}/").content.decode()
        pages.append(page.replace(campaign.slug, "").split("<main")[1].split("</main>")[0])
        assert "Ce qui manque au seuil ne se montre pas" in page
    hidden = [page.split('name="csrfmiddlewaretoken"') for page in pages]
    assert hidden[0][0] == hidden[1][0]
