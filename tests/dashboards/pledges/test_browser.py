"""The pages of episodes, pledges and messages in a real browser: axe, small screens, keys alone."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page

from capto.members.models import Territory
from capto.members.roles import Role
from dashboards.messages.models import ApprovedSentence, MessageRule, PublicMessage
from dashboards.pledges.counters import count_places
from dashboards.pledges.models import Call, Pledge, ReturnPromise
from dashboards.pledges.reviews import publish_reviews
from dashboards.pledges.season import turn
from tests.dashboards import test_browser
from tests.dashboards.pledges.conftest import DAY, NOW, TODAY, Season
from tests.dashboards.test_browser import Visit, tab_to, violations

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db,
    pytest.mark.usefixtures("at_noon"),
    pytest.mark.skipif(test_browser.CHROMIUM is None, reason="no Chromium on this machine"),
]
chromium = test_browser.chromium
visit = test_browser.visit
STATES = ("before", "armed", "called", "after")


def in_state(season: Season, state: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Bring a campaign to a state; gives the addresses to visit."""
    campaign = season.campaign(
        threshold_number=250, why="Parce que **l’air** se partage.", slug="sans-ma-voiture"
    )
    ReturnPromise.objects.create(
        campaign=campaign, name="Ville de Crolles", kind="town", promise="les bus sont gratuits ce jour-là",
        required_held=100, act_url="https://crolles.test/acte", made_at=NOW,
    )  # fmt: skip
    other = Territory.objects.create(name="Meylan", insee_code="38229")
    season.pledges(campaign, [250] * 120, commune=season.commune)
    season.pledges(campaign, [100] * (131 if state != "before" else 60), commune=other, start=500)
    count_places(campaign)
    addresses = ["/engagements/", "/engagements/sans-ma-voiture/", "/engagements/sans-ma-voiture/essayer/"]
    if state == "before":
        return addresses
    now = campaign.deadline
    turn(now=now)
    if state != "armed":
        day = TODAY + 12 * DAY
        now = NOW + 12 * DAY
        season.episode(day=day, now=now, pollutant="no2")
        turn(now=now)
        made = Call.objects.get()
        if state == "after":
            for number, held in enumerate(made.held_pledges.order_by("pk")[:90]):
                held.answer(("done", "partly", "not", "not_concerned")[number % 4], now=now + DAY)
            now += 4 * DAY
            turn(now=now)
            (review,) = publish_reviews(now=now)
            keeping = made.keepings.get()
            keeping.say(
                "kept", by=season.staff(Role.MEDIATOR), now=now, note="Vu à l’arrêt", url="https://bus.test/"
            )
            addresses += [f"/episodes/bilan/{review.pk}/", "/episodes/", f"/episode/{made.episode_id}/"]
        held_one = made.held_pledges.select_related("pledge")[0].pledge
        assert isinstance(held_one, Pledge)
        addresses.append(f"/mon-engagement/{held_one.own_token()}/")
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    return addresses


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("width", [360, 1280])
def test_the_pages_of_a_campaign_are_accessible_and_fit_before_armed_called_and_after(
    visit: Visit, season: Season, monkeypatch: pytest.MonkeyPatch, state: str, width: int
) -> None:
    addresses = in_state(season, state, monkeypatch)
    visit.page.set_viewport_size({"width": width, "height": 900})
    for address in addresses:
        page = visit.go(address)
        assert violations(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        _picture(page, f"{state}-{width}-{address.strip('/').replace('/', '-')[:40]}")
    assert visit.foreign == [] and visit.problems == []


def _picture(page: Page, name: str) -> None:
    """Keep a picture for the eye, where the environment names a folder."""
    if folder := os.environ.get("CAPTO_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_public_messages_are_accessible_in_the_dark_on_a_phone(visit: Visit, season: Season) -> None:
    person = season.staff(Role.MEDIATOR)
    season.episode(day=TODAY)
    message = PublicMessage.objects.create(
        message_class="episode", title="Ce soir, pas de feu", zone=season.zone, first_day=TODAY, last_day=TODAY,
        author=person, organisation=season.association, state="published", published_at=NOW,
        rule=MessageRule.in_force("episode", now=NOW),
    )  # fmt: skip
    message.sentences.set(ApprovedSentence.objects.filter(theme="episode"))
    visit.page.emulate_media(color_scheme="dark")
    visit.page.set_viewport_size({"width": 360, "height": 740})
    for address in ("/paroles/", f"/paroles/{message.pk}/", "/paroles/regles/", "/"):
        page = visit.go(address)
        assert violations(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, address


def test_with_keys_alone_one_goes_from_home_to_the_fields_of_a_pledge(visit: Visit, season: Season) -> None:
    season.campaign(threshold_number=250, slug="sans-ma-voiture")
    page = visit.go("/")
    tab_to(page, "S’engager")
    page.keyboard.press("Enter")
    page.wait_for_url("**/engagements/")
    tab_to(page, "Sans ma voiture")
    page.keyboard.press("Enter")
    page.wait_for_url("**/engagements/sans-ma-voiture/")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "required_others":
            break
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "email"
    hidden = [
        page.evaluate("document.activeElement.name") for _ in range(6) if not page.keyboard.press("Tab")
    ]
    assert "website" not in hidden  # the field for scripts is out of the way of keys


@pytest.mark.parametrize("address", ["/engagements/sans-ma-voiture/", "/engagements/"])
def test_a_first_visit_weighs_less_than_150_kilobytes(visit: Visit, season: Season, address: str) -> None:
    season.campaign(slug="sans-ma-voiture")
    visit.go(address)
    assert visit.bytes < test_browser.PAGE_BYTES
