"""Campaigns by themselves: armed, called once a day, cancelled, followed up, closed, forgotten."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import pytest_django
from django.core import mail
from django.db import connection, transaction
from django.db.utils import DatabaseError

from capto.members.messages import send_waiting
from capto.members.models import Message, Person
from capto.members.roles import Role
from dashboards.episodes.models import Episode
from dashboards.pledges.models import Call, HeldPledge, Pledge, PledgeCampaign, ReturnPromise, WrongMove
from dashboards.pledges.season import call, turn
from tests.dashboards.pledges.conftest import DAY, NOW, TODAY, TOMORROW, Season

pytestmark = pytest.mark.django_db


def state_of(campaign: PledgeCampaign) -> str:
    campaign.refresh_from_db()
    return campaign.state


def moves(campaign: PledgeCampaign) -> list[str]:
    return [move.to_state for move in campaign.moves.all()]


def test_a_campaign_is_armed_at_its_deadline_when_someone_is_held(season: Season) -> None:
    campaign = season.campaign()
    season.pledges(campaign, [3, 3, 3, 3])
    turn(now=NOW)
    assert state_of(campaign) == "open"
    turn(now=campaign.deadline)
    assert state_of(campaign) == "armed" and campaign.armed_at == campaign.deadline
    assert moves(campaign) == ["open", "armed"]


def test_it_expires_at_its_deadline_when_nobody_is_held_and_disturbs_nobody(season: Season) -> None:
    campaign = season.campaign()
    season.pledges(campaign, [3, 3, 3])
    turn(now=campaign.deadline)
    assert state_of(campaign) == "expired"
    season.episode(day=TODAY + 11 * DAY, now=campaign.deadline)
    turn(now=campaign.deadline + timedelta(hours=1))
    assert not Call.objects.exists() and not Message.objects.exists()


def test_the_threshold_is_the_default_and_nothing_else(season: Season) -> None:
    campaign = season.campaign(threshold_number=1_000)
    season.pledges(campaign, [1, 1])  # two people who ask for less than the threshold are held
    season.episode()
    turn(now=NOW)
    assert state_of(campaign) == "called" and Call.objects.get().held == 2


@pytest.mark.parametrize(("share", "threshold"), [("0.01", 200), ("0.00001", 1), ("0.01001", 201)])
def test_a_share_of_the_inhabitants_is_rounded_up(season: Season, share: str, threshold: int) -> None:
    campaign = season.campaign(threshold_share=share)
    campaign.refresh_from_db()
    assert campaign.threshold == threshold


def test_an_episode_calls_exactly_who_is_held_once(season: Season) -> None:
    campaign = season.campaign()
    pledges = season.pledges(campaign, [0, 1, 2, 9])
    season.episode()
    for minute in range(3):
        turn(now=NOW + timedelta(minutes=5 * minute))
        send_waiting(now=NOW + timedelta(minutes=5 * minute))
    assert sorted(sent.to[0] for sent in mail.outbox) == [
        "p0@exemple.test",
        "p1@exemple.test",
        "p2@exemple.test",
    ]
    made = Call.objects.get()
    assert (made.counted, made.held, made.counted_ids) == (4, 3, [p.pk for p in pledges])
    assert moves(campaign) == ["open", "armed", "called"]
    assert "isere.gouv.fr/acte/12" in mail.outbox[0].body and "/mon-engagement/" in mail.outbox[0].body


def test_who_joins_after_the_call_is_of_the_next_day(season: Season) -> None:
    campaign = season.campaign()
    season.pledges(campaign, [1, 1])
    season.episode(day=TODAY)
    turn(now=NOW)
    season.pledges(campaign, [1], start=2)
    turn(now=NOW + timedelta(hours=1))
    assert [made.held for made in Call.objects.all()] == [2]
    season.episode(day=TOMORROW)
    turn(now=NOW + timedelta(hours=2))
    assert [made.held for made in Call.objects.all()] == [2, 3]
    assert Message.objects.count() == 5  # two for the first day, three for the second


def test_a_person_of_two_campaigns_is_asked_once_for_both(season: Season) -> None:
    car, wood = season.campaign(), season.campaign(action="no-open-fire", title="Sans feu")
    season.pledges(car, [0])
    season.pledges(wood, [0])
    season.episode()
    turn(now=NOW)
    send_waiting(now=NOW)
    assert (
        len(mail.outbox) == 1
        and "Sans ma voiture" in mail.outbox[0].body
        and "Sans feu" in mail.outbox[0].body
    )


def test_who_withdraws_before_the_message_leaves_gets_none(season: Season) -> None:
    campaign = season.campaign()
    first, _second = season.pledges(campaign, [0, 0])
    season.episode()
    turn(now=NOW)
    first.withdraw(now=NOW)
    assert send_waiting(now=NOW) == 1
    assert Message.objects.get(address="p0@exemple.test").dropped_because == "nothing_left_to_say"


@pytest.mark.parametrize(
    ("fields", "is_called"),
    [
        ({}, True),
        ({"pollutant": "pm10"}, False),
        ({"level": "ALERTE_N2"}, True),
        ({"status": "forecast"}, True),
        ({"status": "lifted"}, False),
    ],
)
def test_only_the_trigger_that_was_promised_calls(
    season: Season, fields: dict[str, Any], is_called: bool
) -> None:
    campaign = season.campaign(pollutant_id="no2")
    season.pledges(campaign, [0])
    season.episode(**fields)
    turn(now=NOW)
    assert Call.objects.exists() is is_called


def test_a_campaign_may_wait_until_the_episode_is_in_force(season: Season) -> None:
    campaign = season.campaign(calls_when_forecast=False)
    season.pledges(campaign, [0])
    season.episode(status="forecast")
    turn(now=NOW)
    assert not Call.objects.exists()
    season.episode(status="in_force", now=NOW + DAY)
    turn(now=NOW + DAY)
    assert Call.objects.get().day == TOMORROW


def test_a_level_below_the_trigger_calls_nobody(season: Season) -> None:
    from dashboards.episodes.models import EpisodeLevel

    campaign = season.campaign(minimum_level=EpisodeLevel.named("ALERTE_N1"))
    season.pledges(campaign, [0])
    season.episode(level="IR")
    turn(now=NOW)
    assert not Call.objects.exists()


def test_an_episode_lifted_before_its_day_cancels_and_tells_only_who_was_told(season: Season) -> None:
    campaign = season.campaign()
    season.pledges(campaign, [0, 0])
    episode = season.episode(status="forecast")
    turn(now=NOW)
    assert send_waiting(now=NOW, most=1) == 1
    episode.lift(now=NOW + timedelta(hours=3))
    turn(now=NOW + timedelta(hours=3))
    turn(now=NOW + timedelta(hours=4))
    send_waiting(now=NOW + timedelta(hours=4))
    assert [sent.to[0] for sent in mail.outbox] == ["p0@exemple.test", "p0@exemple.test"]
    assert "levé" in mail.outbox[1].subject
    assert state_of(campaign) == "armed" and Call.objects.get().cancelled_at


def test_the_answers_are_counted_after_three_days_and_the_effect_is_published(season: Season) -> None:
    campaign = season.campaign()
    season.pledges(campaign, [0] * 12)
    season.episode(day=TODAY)
    turn(now=NOW)
    made = Call.objects.get()
    for held_pledge in made.held_pledges.all()[:6]:
        held_pledge.answer("done", now=NOW + DAY)
    turn(now=NOW + 3 * DAY)
    assert state_of(campaign) == "called"
    turn(now=NOW + 4 * DAY)
    assert state_of(campaign) == "followed_up"
    potential, declared = made.effects.order_by("-layer")
    assert potential.inputs["people"] == 12 and declared.inputs["people"] == 6
    assert declared.results["vehicle_km"][1] < potential.results["vehicle_km"][1]
    season.episode(day=TODAY + 5 * DAY, now=NOW + 5 * DAY)
    turn(now=NOW + 5 * DAY)
    assert moves(campaign) == ["open", "armed", "called", "followed_up", "called"]


def test_no_effect_is_published_of_fewer_than_five_people(season: Season) -> None:
    campaign = season.campaign()
    season.pledges(campaign, [0] * 4)
    season.episode(day=TODAY)
    for days in (0, 4):
        turn(now=NOW + days * DAY)
    assert not Call.objects.get().effects.exists()


def test_a_season_ends_and_its_addresses_are_forgotten_ninety_days_later(season: Season) -> None:
    campaign = season.campaign(ends_on=TODAY + 12 * DAY)
    season.pledges(campaign, [0] * 7)
    season.episode(day=TODAY)
    turn(now=NOW)
    send_waiting(now=NOW)
    turn(now=NOW + 4 * DAY)
    turn(now=NOW + 13 * DAY)
    assert state_of(campaign) == "closed"
    turn(now=NOW + 102 * DAY)
    assert Pledge.objects.count() == 7
    turn(now=NOW + 103 * DAY)
    assert not Pledge.objects.exists() and not Message.objects.exclude(address="").exists()
    campaign.refresh_from_db()
    assert (
        campaign.final_pledges == 7
        and HeldPledge.objects.count() == 7
        and Call.objects.get().counted_ids == []
    )


def test_an_unconfirmed_promise_counts_for_nothing_and_goes_after_two_days(season: Season) -> None:
    campaign = season.campaign()
    Pledge.ask(campaign, email="a@exemple.test", required_others=0, now=NOW)
    season.episode()
    turn(now=NOW + timedelta(hours=47))
    assert Pledge.objects.exists() and not Call.objects.exists()
    turn(now=NOW + timedelta(hours=49))
    assert not Pledge.objects.exists()


def test_a_town_is_bound_by_the_number_held_and_says_whether_it_kept_its_word(season: Season) -> None:
    campaign = season.campaign()
    for name, required in (("Ville", 3), ("Entreprise", 4)):
        ReturnPromise.objects.create(
            campaign=campaign,
            name=name,
            kind="town",
            promise="bus gratuits",
            required_held=required,
            made_at=NOW,
        )
    season.pledges(campaign, [0, 0, 0])
    season.episode()
    turn(now=NOW)
    due = Call.objects.get().keepings.get()
    assert (due.promise.name, due.held, due.word) == ("Ville", 3, "not_said")
    due.say("not_kept", by=season.staff(Role.MEDIATOR), now=NOW + DAY, note="grève")
    assert due.get_word_display() == "non tenue"


def test_who_has_no_e_mail_is_on_the_list_that_staff_reads(season: Season) -> None:
    campaign = season.campaign()
    bruno = Person.objects.create(name="Bruno", phone="04 76 00 00 00")
    desk = season.staff(Role.DESK_VOLUNTEER)
    first = Pledge.record_on_paper(campaign, person=bruno, required_others=0, by=desk, now=NOW)
    again = Pledge.record_on_paper(campaign, person=bruno, required_others=5, by=desk, now=NOW)
    assert first.pk == again.pk
    season.episode()
    turn(now=NOW)
    message = Message.objects.get()
    assert message.channel == "paper" and message.person == bruno and send_waiting(now=NOW) == 0


def test_what_people_agreed_to_cannot_change_under_them(season: Season) -> None:
    campaign = season.campaign()
    with pytest.raises(DatabaseError), transaction.atomic():
        PledgeCampaign.objects.filter(pk=campaign.pk).update(threshold_number=2)
    PledgeCampaign.objects.filter(pk=campaign.pk).update(title="Autre titre")
    draft = season.campaign(is_open=False)
    assert PledgeCampaign.objects.filter(pk=draft.pk).update(threshold_number=2) == 1


@pytest.mark.parametrize("to", ["called", "armed", "closed", "followed_up", "draft"])
def test_a_draft_opens_and_goes_nowhere_else(season: Season, to: str) -> None:
    campaign = season.campaign(is_open=False)
    with pytest.raises((WrongMove, KeyError)):
        campaign.move(to, now=NOW)
    assert not campaign.moves.exists()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_workers_call_once(season: Season) -> None:
    campaign = season.campaign()
    season.pledges(campaign, [0] * 20)
    episode = season.episode()

    def work(_n: int) -> bool:
        try:
            return call(campaign, episode=Episode.objects.get(pk=episode.pk), now=NOW) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(work, range(4))) == [False, False, False, True]
    assert Message.objects.count() == 20 and HeldPledge.objects.count() == 20


def test_the_cap_of_a_person_holds_over_a_long_episode(
    season: Season, settings: pytest_django.Settings
) -> None:
    settings.SOLICITATIONS_PER_30_DAYS = 2
    campaign = season.campaign()
    season.pledges(campaign, [0])
    for days in range(4):
        season.episode(day=TODAY + days * DAY, now=NOW + days * DAY)
        turn(now=NOW + days * DAY)
        send_waiting(now=NOW + days * DAY)
    assert len(mail.outbox) == 2
    assert Message.objects.filter(dropped_because="too_many_solicitations").count() == 2
