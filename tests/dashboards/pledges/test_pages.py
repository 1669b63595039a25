"""The pages of pledges: the promise, the two fields, the link, the day, and what abuse meets."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core import mail
from django.test import Client

from capto.members.messages import send_waiting
from capto.members.models import Message, Organisation, Person, Territory
from capto.members.roles import Role
from dashboards.episodes.models import EpisodeLevel
from dashboards.pledges.counters import count_places, places
from dashboards.pledges.forms import PledgeForm
from dashboards.pledges.models import (
    Call,
    ExternalCount,
    Pledge,
    PledgeCampaign,
    PublishedEffect,
    ReturnPromise,
)
from dashboards.pledges.season import turn
from tests.dashboards.pledges.conftest import DAY, NOW, TODAY, Season

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]


def text_of(answer: Any) -> str:
    found: str = re.sub(r"\s+", " ", answer.content.decode().replace("\u202f", " ").replace("\xa0", " "))
    return found


def page(client: Client, address: str, *, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.content.decode()[:2000]
    return text_of(answer)


def pledge(client: Client, campaign: PledgeCampaign, email: str, *, others: int = 3, **fields: Any) -> Any:
    """Fill in the form as a person does, a minute after opening it."""
    form = PledgeForm(campaign=campaign, now=NOW - timedelta(minutes=1))
    told = {
        "required_others": others,
        "email": email,
        "opened": form.initial["opened"],
        "website": "",
        **fields,
    }
    return client.post(f"/engagements/{campaign.slug}/", told)


def link_in(body: str, part: str) -> str:
    found = re.search(rf"http://localhost:8000(/{part}/\S+)", body)
    assert found is not None, body
    return found[1]


def test_the_page_says_the_promise_and_the_number_that_is_missing(client: Client, season: Season) -> None:
    campaign = season.campaign(threshold_number=100)
    season.pledges(campaign, [100] * 60)
    found = page(client, f"/engagements/{campaign.slug}/")
    assert (
        "« Les jours d’épisode, je laisse ma voiture si au moins 100 autres personnes le font aussi. »"
        in found
    )
    assert "60</strong> personnes engagées sur 20 000 habitants" in found
    assert "Il manque 41 personnes pour atteindre le seuil." in found  # each of 101 sees 100 others
    assert "personne ne serait tenu et rien ne serait demandé" in found
    assert "µg" not in found


def test_a_pledge_is_made_in_two_fields_confirmed_by_one_press_and_withdrawn_by_another(
    client: Client, season: Season
) -> None:
    campaign = season.campaign()
    assert "Un lien est parti" in text_of(pledge(client, campaign, "alice@exemple.test", others=2))
    assert not Pledge.objects.counting().exists()
    send_waiting(now=NOW)
    confirming = link_in(mail.outbox[0].body, "engagements/confirmer")
    assert "je laisse ma voiture si au moins 2 autres" in page(client, confirming)
    assert not Pledge.objects.counting().exists()  # a scanner that opens the link confirms nothing
    own = client.post(confirming)
    assert own.status_code == 302 and Pledge.objects.counting().get().required_others == 2
    assert "Rien ne vous est demandé pour l’instant" in page(client, own["location"])
    client.post(own["location"], {"withdraw": "1"})
    assert not Pledge.objects.counting().exists()
    assert "Votre engagement est retiré" in page(client, own["location"])
    assert "alice" not in page(client, own["location"])


def test_a_link_serves_once(client: Client, season: Season) -> None:
    pledge(client, season.campaign(), "alice@exemple.test")
    send_waiting(now=NOW)
    confirming = link_in(mail.outbox[0].body, "engagements/confirmer")
    assert client.post(confirming).status_code == 302
    assert client.post(confirming).status_code == 404 and client.get(confirming).status_code == 404
    assert Pledge.objects.counting().count() == 1


def test_a_link_ages_and_a_newer_one_replaces_it(
    client: Client, season: Season, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = season.campaign()
    first = Pledge.ask(campaign, email="alice@exemple.test", required_others=1, now=NOW).confirming_token()
    second = Pledge.ask(campaign, email="alice@exemple.test", required_others=9, now=NOW).confirming_token()
    assert Pledge.to_confirm(first, now=NOW) is None
    again = Pledge.to_confirm(second, now=NOW + timedelta(hours=47))
    assert again is not None and again.required_others == 9
    assert Pledge.to_confirm(second, now=NOW + timedelta(hours=48)) is None


def test_twenty_spellings_of_one_mailbox_are_one_pledge(client: Client, season: Season) -> None:
    campaign = season.campaign()
    spellings = [f"al.i{'.' * (n % 2)}ce+{n}@gmail.com" for n in range(20)]
    for address in spellings:
        Pledge.ask(campaign, email=address, required_others=0, now=NOW)
    assert Pledge.objects.count() == 1
    dotted = [f"a.lice+{n}@exemple.test" for n in range(20)]  # no rule says that this provider ignores dots
    for address in [*dotted, "alice@exemple.test"]:
        Pledge.ask(campaign, email=address, required_others=0, now=NOW)
    assert Pledge.objects.count() == 3


def test_who_asks_for_a_mailbox_that_has_pledged_learns_nothing(client: Client, season: Season) -> None:
    campaign = season.campaign()
    new = text_of(pledge(client, campaign, "new@exemple.test"))
    season.pledges(campaign, [3])
    known = text_of(pledge(client, campaign, "p0@exemple.test", others=0))
    assert known.replace("p0@", "x@") == new.replace("new@", "x@")
    send_waiting(now=NOW)
    told = next(sent for sent in mail.outbox if sent.to == ["p0@exemple.test"])
    assert "déjà noté" in told.subject and "/mon-engagement/" in told.body
    assert Pledge.objects.get(email="p0@exemple.test").required_others == 3


@pytest.mark.parametrize(
    "fields",
    [{"website": "https://spam.test"}, {"opened": ""}, {"opened": "forged"}, {"opened": "now"}],
)
def test_a_script_gets_the_same_answer_and_no_mail(
    client: Client, season: Season, fields: dict[str, str]
) -> None:
    campaign = season.campaign()
    if fields.get("opened") == "now":  # filled in no time
        fields = {"opened": PledgeForm(campaign=campaign, now=NOW).initial["opened"]}
    assert "Un lien est parti" in text_of(pledge(client, campaign, "bot@exemple.test", **fields))
    assert not Pledge.objects.exists() and not Message.objects.exists()


def test_one_mailbox_gets_three_confirmations_in_a_quarter_of_an_hour(client: Client, season: Season) -> None:
    campaign = season.campaign()
    answers = [pledge(client, campaign, f"alice+{n}@exemple.test").status_code for n in range(4)]
    assert answers == [200, 200, 200, 429]
    assert Message.objects.count() == 3


def test_one_network_address_signs_up_thirty_people_at_most_in_a_quarter_of_an_hour(
    client: Client, season: Season
) -> None:
    campaign = season.campaign()
    answers = [pledge(client, campaign, f"p{n}@exemple.test").status_code for n in range(31)]
    assert answers[-1] == 429 and Message.objects.count() == 30


def test_guessing_links_is_closed_after_thirty_tries(client: Client, season: Season) -> None:
    made = Pledge.ask(season.campaign(), email="a@exemple.test", required_others=0, now=NOW)
    good = made.confirming_token()
    guesses = [good[:-1] + letter for letter in "abcdefghijklmnopqrstuvwxyzABCDEFGH" if letter != good[-1]][
        :31
    ]
    statuses = [client.get(f"/engagements/confirmer/{guess}/").status_code for guess in guesses]
    assert statuses[:30] == [404] * 30 and statuses[30] == 429
    assert not Pledge.objects.counting().exists()
    assert client.get(f"/mon-engagement/{made.pk}/").status_code == 429


def test_a_closed_campaign_takes_no_pledge(client: Client, season: Season) -> None:
    campaign = season.campaign()
    turn(now=campaign.deadline)
    assert "Le nombre n’a pas été atteint" in page(client, f"/engagements/{campaign.slug}/")
    pledge(client, campaign, "alice@exemple.test")
    assert not Pledge.objects.exists()


def test_a_draft_is_seen_by_nobody(client: Client, season: Season) -> None:
    campaign = season.campaign(is_open=False)
    for part in ("", "essayer/", "affiche.pdf", "comptes.json"):
        page(client, f"/engagements/{campaign.slug}/{part}", status=404)
    assert campaign.title not in page(client, "/engagements/")


def test_fewer_than_five_people_are_never_counted_in_public(client: Client, season: Season) -> None:
    campaign = season.campaign(threshold_number=50)
    season.pledges(campaign, [0, 0, 0, 99])
    found = page(client, f"/engagements/{campaign.slug}/")
    assert "Moins de 5 personnes" in found and "n’est pas montré" in found
    counts = json.loads(client.get(f"/engagements/{campaign.slug}/comptes.json").content)
    assert counts["pledged"] is None and counts["held"] is None and counts["communes"] == {}


def test_communes_are_shown_from_five_and_never_by_subtraction(season: Season) -> None:
    campaign = season.campaign()
    communes = [Territory.objects.create(name=name) for name in ("Meylan", "Crolles", "Theys")]
    for number, (commune, people) in enumerate(zip(communes, (9, 6, 4), strict=True)):
        season.pledges(campaign, [0] * people, commune=commune, start=100 * number)
    count_places(campaign)
    assert places(campaign) == [("Meylan", 9)]  # with Crolles shown, Theys would be 19 - 15
    season.pledges(campaign, [0] * 2, commune=communes[2], start=900)
    count_places(campaign)
    assert places(campaign) == [("Meylan", 9), ("Crolles", 6), ("Theys", 6)]
    season.pledges(campaign, [0] * 4, commune=communes[0], start=1_000)
    count_places(campaign)
    assert places(campaign)[0] == ("Meylan", 9)  # it moves by five or not at all
    season.pledges(campaign, [0], commune=communes[0], start=2_000)
    count_places(campaign)
    assert places(campaign)[0] == ("Meylan", 14)


def test_the_day_after_one_click_says_what_was_done(
    client: Client, season: Season, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = season.campaign()
    season.pledges(campaign, [0] * 6)
    season.episode(day=TODAY)
    turn(now=NOW)
    send_waiting(now=NOW)
    own = link_in(mail.outbox[0].body, "mon-engagement")
    held = Call.objects.get().held_pledges.get(pledge__email=mail.outbox[0].to[0])
    client.post(own, {"day": held.pk, "outcome": "done"})
    held.refresh_from_db()
    assert held.outcome == ""  # the day has only begun
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + DAY)
    assert "Qu’avez-vous pu faire ?" in page(client, own)
    other = Call.objects.get().held_pledges.exclude(pk=held.pk)[0]
    for day, outcome in ((held.pk, "done"), (other.pk, "done"), (held.pk, "champion"), ("x", "done")):
        client.post(own, {"day": day, "outcome": outcome})
    held.refresh_from_db()
    other.refresh_from_db()
    assert (held.outcome, other.outcome) == ("done", "")
    client.post(own, {"day": held.pk, "outcome": "partly"})
    held.refresh_from_db()
    assert held.outcome == "partly"


def test_three_layers_stand_apart_and_the_observed_one_comes_from_outside(
    client: Client, season: Season
) -> None:
    campaign = season.campaign()
    season.pledges(campaign, [0] * 40)
    season.episode(day=TODAY)
    turn(now=NOW)
    made = Call.objects.get()
    for number, held in enumerate(made.held_pledges.order_by("pk")[:30]):
        held.answer("done" if number < 20 else "partly", now=NOW + DAY)
    turn(now=NOW + 4 * DAY)
    found = page(client, f"/engagements/{campaign.slug}/")
    assert (
        found.index("Possible : si toutes") < found.index("Déclaré : d’après") < found.index("Observé : des")
    )
    assert "Aucun comptage extérieur n’a été fourni" in found and "µg" not in found
    ExternalCount.record(
        made, by=None, now=NOW, what="Véhicules à six points", unit="véhicules", that_day=9_000, usual=9_400,
        uncertainty=600, comparison="les vendredis de novembre", source="Métropole", url="https://metropole.test/c",
    )  # fmt: skip
    found = page(client, f"/engagements/{campaign.slug}/")
    assert "l’écart est connu à 600 près" in found and "on ne peut rien en dire" in found
    assert {one.seed for one in PublishedEffect.objects.all()} == {made.pk}


def test_the_sandbox_moves_its_own_figures_and_no_published_one(client: Client, season: Season) -> None:
    campaign = season.campaign(threshold_number=99)
    address = f"/engagements/{campaign.slug}/essayer/"
    usual = page(client, address)
    moved = page(client, f"{address}?personnes=100&km_per_day=40&not_replaced=1&would_have_driven=1")
    assert "4 000 km" in moved and "déplacé, donc sans intervalle" in moved and "4 000 km" not in usual
    assert "personnes=100&amp;km_per_day=40" in moved
    assert not PublishedEffect.objects.exists()
    for wrong in ("personnes=0", "personnes=x", "km_per_day=999", "car_nox=beaucoup"):
        assert 'role="alert"' in page(client, f"{address}?{wrong}", status=400)


def test_the_poster_is_a_pdf_with_the_link_and_no_tracker(client: Client, season: Season) -> None:
    campaign = season.campaign()
    answer = client.get(f"/engagements/{campaign.slug}/affiche.pdf")
    assert answer["content-type"] == "application/pdf" and answer.content.startswith(b"%PDF-")
    assert "utm_" not in page(client, f"/engagements/{campaign.slug}/")


def test_whether_a_town_kept_its_word_is_public(client: Client, season: Season) -> None:
    campaign = season.campaign()
    mediator = season.staff(Role.MEDIATOR)
    ReturnPromise.objects.create(
        campaign=campaign,
        name="Ville",
        kind="town",
        promise="les bus sont gratuits",
        required_held=5,
        made_at=NOW,
    )
    season.pledges(campaign, [0] * 6)
    season.episode(day=TODAY)
    turn(now=NOW)
    client.force_login(mediator)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.STAFF_SECOND_FACTOR", False)
        keeping = Call.objects.get().keepings.get()
        told = {"act": "keeping", "keeping": keeping.pk, "word": "not_kept", "note": "Grève", "url": ""}
        assert client.post(f"/equipe/engagements/{campaign.slug}/", told).status_code == 302
    found = page(Client(), f"/engagements/{campaign.slug}/")
    assert "les bus sont gratuits, si au moins 5 personnes sont tenues" in found
    assert "20 novembre 2026 : <strong>non tenue</strong>. Grève" in found


def test_staff_prepares_opens_and_notes_a_paper(client: Client, season: Season, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(season.staff(Role.MEDIATOR))
    told = {
        "title": "Sans feu", "slug": "sans-feu", "action": "no-open-fire", "organisation": season.association.pk,
        "territory": "Grésivaudan", "inhabitants": 20_000, "zone": season.zone.pk, 
        "minimum_level": EpisodeLevel.named("IR").pk,
        "calls_when_forecast": "on", "threshold_number": 50, "deadline": "2026-12-01T18:00",
        "ends_on": "2027-03-31",
        "smallest_count": 5,
    }  # fmt: skip
    both = client.post("/equipe/engagements/nouvelle/", {**told, "threshold_share": "0.01"})
    assert "Donnez un nombre ou une part" in text_of(both)
    assert client.post("/equipe/engagements/nouvelle/", told).status_code == 302
    assert client.post("/equipe/engagements/sans-feu/", {"act": "open"}).status_code == 302
    bruno = Person.objects.create(name="Bruno Paper", phone="04 76 00 00 00")
    paper = {"act": "paper", "paper-person": "Bruno Paper", "paper-required_others": 0, "paper-consent": "on"}
    assert client.post("/equipe/engagements/sans-feu/", paper).status_code == 302
    assert Pledge.objects.get().person == bruno
    season.episode(day=TODAY, pollutant="pm10")
    turn(now=NOW)
    assert "04 76 00 00 00" in page(client, "/equipe/engagements/sans-feu/")
    message = Message.objects.get()
    client.post("/equipe/engagements/sans-feu/", {"act": "told", "message": message.pk})
    message.refresh_from_db()
    assert message.sent_at is not None
    changed = client.post(
        "/equipe/engagements/sans-feu/modifier/", {**told, "title": "Autre", "threshold_number": 1}
    )
    assert changed.status_code == 302
    campaign = PledgeCampaign.objects.get()
    assert (campaign.title, campaign.threshold_number) == ("Autre", 50)


def test_staff_pages_ask_for_the_role_in_this_organisation(
    client: Client, season: Season, settings: Any
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    campaign = season.campaign()
    assert client.get("/equipe/engagements/").status_code == 302
    client.force_login(season.staff(Role.DESK_VOLUNTEER))
    page(client, "/equipe/engagements/", status=403)
    client.force_login(season.staff(Role.MEDIATOR, organisation=Organisation.objects.create(name="Ailleurs")))
    page(client, f"/equipe/engagements/{campaign.slug}/", status=403)


def test_nothing_anywhere_ranks_or_rewards_a_person() -> None:
    names = {
        field.name
        for model in apps.get_app_config("pledges").get_models()
        for field in model._meta.get_fields()
    }
    assert not {name for name in names if re.search(r"point|badge|rank|score|level_of|streak", name)}


def test_the_page_of_a_campaign_takes_few_queries(
    client: Client, season: Season, django_assert_max_num_queries: Any
) -> None:
    campaign = season.campaign()
    season.pledges(campaign, [0] * 30)
    season.episode(day=TODAY)
    turn(now=NOW)
    with django_assert_max_num_queries(26):
        client.get(f"/engagements/{campaign.slug}/")


def test_a_volunteer_at_the_desk_notes_a_paper(client: Client, season: Season, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = False
    campaign = season.campaign()
    told = {"campaign": campaign.pk, "person": "Bruno Paper", "required_others": 2, "consent": "on"}
    assert client.post("/equipe/engagements/papier/", told).status_code == 302 and not Pledge.objects.exists()
    volunteer = season.staff(Role.DESK_VOLUNTEER)
    client.force_login(volunteer)
    assert "Aucune personne, ou plusieurs" in text_of(client.post("/equipe/engagements/papier/", told))
    Person.objects.create(name="Bruno Paper")
    assert "obligatoire" in text_of(client.post("/equipe/engagements/papier/", {**told, "consent": ""}))
    assert client.post("/equipe/engagements/papier/", told).status_code == 302
    noted = Pledge.objects.counting().get()
    assert (noted.way, noted.required_others, noted.recorded_by) == ("paper", 2, volunteer)
