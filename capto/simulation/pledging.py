"""Simulated pledges and episodes: one episode gone by with its review, one of today, two campaigns, one message.

Nothing here is decided by an authority: every row is marked as simulated, and no message leaves.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
from django.db import transaction

from capto.charts.scales import PARIS
from capto.members.models import Campaign, Message, Organisation, Person, Territory
from capto.members.models.mailbox import readers_of
from capto.members.roles import Role
from capto.simulation.models import SimulatedCity
from dashboards.episodes.models import Episode, EpisodeLevel, EpisodeZone
from dashboards.messages.models import ApprovedSentence, PublicMessage
from dashboards.pledges.counters import count_places
from dashboards.pledges.models import Call, HeldPledge, Pledge, PledgeAction, PledgeCampaign, ReturnPromise
from dashboards.pledges.reviews import publish_reviews
from dashboards.pledges.season import call, turn

DAY: Final = timedelta(days=1)
INHABITANTS: Final = 48_200
SOURCE: Final = "Préfecture simulée"
ACT: Final = "https://exemple.test/acte-simule"
PARTS: Final = (  # parts of the town, and how often someone names them
    ("Les Halles (simulé)", 0.45),
    ("Le Canal (simulé)", 0.25),
    ("Les Coteaux (simulé)", 0.12),
)
OUTCOMES: Final = (  # what held people say, and how often; some say nothing
    (HeldPledge.Outcome.DONE, 0.46),
    (HeldPledge.Outcome.PARTLY, 0.14),
    (HeldPledge.Outcome.NOT, 0.10),
    (HeldPledge.Outcome.NOT_CONCERNED, 0.06),
)


@transaction.atomic
def pledge(*, now: datetime) -> bool:
    """Make the simulated campaigns, episodes and message once; False where they are there, or no city is."""
    city = SimulatedCity.objects.first()
    organisation = (
        Organisation.objects.filter(is_simulated=True, territory__isnull=False).order_by("pk").first()
    )
    if city is None or organisation is None or PledgeCampaign.objects.filter(is_simulated=True).exists():
        return False
    draw = np.random.default_rng([city.seed, 8])
    territory = organisation.territory
    assert territory is not None
    parts = [Territory.objects.create(name=name, parent=territory) for name, _ in PARTS]
    zone = EpisodeZone.objects.create(code="bassin-simule", name="Bassin de la Ville simulée")
    zone.communes.add(territory)
    wood = _campaign(
        organisation, zone, slug="sans-feu-de-bois-simule", title="Sans feu de bois les soirs d’épisode",
        action="no-open-fire", threshold=150, pollutant="pm10", opened=now - 60 * DAY, deadline=now - 30 * DAY,
    )  # fmt: skip
    ReturnPromise.objects.create(
        campaign=wood, name="La Ville simulée", kind=ReturnPromise.Kind.TOWN, made_at=now - 50 * DAY,
        promise="prête un chauffage d’appoint à qui n’a que sa cheminée", required_held=200,
    )  # fmt: skip
    _people(wood, draw, 412, parts=parts, at=now - 40 * DAY, most=260)
    turn(now=now - 30 * DAY)
    _episode_gone_by(wood, zone, draw, opened_at=city.opened_at)
    car = _campaign(
        organisation, zone, slug="sans-ma-voiture-simule", title="Sans ma voiture", action="leave-the-car",
        threshold=500, pollutant=None, opened=now - 20 * DAY, deadline=now + 25 * DAY, level="ALERTE_N1",
    )  # fmt: skip
    _people(car, draw, 338, parts=parts, at=now - 10 * DAY, most=600, least=350)
    for campaign in (wood, car):
        count_places(campaign)
    _measuring(organisation, territory, now=now)
    _today(zone, now=now)
    turn(now=now)
    publish_reviews(now=now)
    _message(organisation, zone, now=now)
    # Simulated people get no mail: what was queued for them is closed.
    Message.objects.filter(key__startswith="pledges:", sent_at=None, dropped_at=None).update(
        dropped_at=now, dropped_because="simulated"
    )
    return True


def _campaign(
    organisation: Organisation,
    zone: EpisodeZone,
    *,
    slug: str,
    title: str,
    action: str,
    threshold: int,
    pollutant: str | None,
    opened: datetime,
    deadline: datetime,
    level: str = "IR",
) -> PledgeCampaign:
    territory = organisation.territory
    assert territory is not None
    campaign = PledgeCampaign.objects.create(
        slug=slug,
        title=title,
        action=PledgeAction.objects.get(code=action),
        organisation=organisation,
        mediator=Person.objects.filter(is_simulated=True, staff_roles__role=Role.MEDIATOR).first(),
        territory=territory,
        inhabitants=INHABITANTS,
        zone=zone,
        pollutant_id=pollutant,
        minimum_level=EpisodeLevel.named(level),
        threshold_number=threshold,
        deadline=deadline,
        ends_on=(deadline + 120 * DAY).date(),
        is_simulated=True,
    )
    campaign.open(by=campaign.mediator, now=opened)
    return campaign


def _measuring(organisation: Organisation, territory: Territory, *, now: datetime) -> None:
    """Ask a question of the town for seven weeks, so that the page of a measuring campaign has something to show."""
    mediator = Person.objects.filter(is_simulated=True, staff_roles__role=Role.MEDIATOR).first()
    if mediator is not None:
        Campaign.objects.create(
            question="D’où viennent les particules des soirs d’hiver ? (simulé)",
            slug="soirs-d-hiver-simule",
            organisation=organisation,
            territory=territory,
            mediator=mediator,
            starts_on=(now - 35 * DAY).date(),
            ends_on=(now + 14 * DAY).date(),
            seats=12,
            is_simulated=True,
        )


def _people(
    campaign: PledgeCampaign,
    draw: np.random.Generator,
    number: int,
    *,
    parts: list[Territory],
    at: datetime,
    most: int,
    least: int = 0,
) -> None:
    """Let so many simulated people pledge: most keep the threshold, others have a condition of their own."""
    addresses = [f"{campaign.slug}-{n}@simule.exemple.test" for n in range(number)]
    readers = readers_of(addresses, now=at)
    keep = draw.random(number) < 0.6
    own = draw.integers(least, most, number)
    where = draw.choice(
        len(parts) + 1, number, p=[*(share for _, share in PARTS), 1 - sum(s for _, s in PARTS)]
    )
    tells = draw.random(number) < 0.3
    km = np.clip(draw.gamma(3.0, 8.0, number), 2, 90).astype(int)
    Pledge.objects.bulk_create(
        Pledge(
            campaign=campaign,
            reader=readers[n],
            email=addresses[n],
            required_others=campaign.threshold if keep[n] else int(own[n]),
            commune=parts[where[n]] if where[n] < len(parts) else None,
            km_per_day=int(km[n]) if tells[n] and campaign.action.effect == "car" else None,
            made_at=at,
            confirmed_at=at,
        )
        for n in range(number)
    )


def _episode_gone_by(
    campaign: PledgeCampaign, zone: EpisodeZone, draw: np.random.Generator, *, opened_at: datetime
) -> None:
    """Let the authority decide two days in the middle of the still air that the city's weather had."""
    first: date = (opened_at - 8 * DAY).date()
    for number, level in enumerate(("IR", "ALERTE_N1")):
        day = first + number * DAY
        morning = datetime(day.year, day.month, day.day, 9, tzinfo=PARIS)
        episode = Episode.announce(
            zone, pollutant="pm10", level=level, day=day, status=Episode.Status.IN_FORCE, source=SOURCE, url=ACT,
            now=morning, is_simulated=True,
        )  # fmt: skip
        made = call(campaign, episode=episode, now=morning)
        if made is not None:
            _answers(made, draw, at=morning + DAY)
    for kept in campaign.promises.get().keepings.all():
        kept.word, kept.said_at, kept.note = (
            kept.Word.KEPT,
            opened_at - 5 * DAY,
            "Trente appareils prêtés (simulé)",
        )
        kept.save(update_fields=["word", "said_at", "note"])
    turn(now=opened_at - 2 * DAY)


def _answers(made: Call, draw: np.random.Generator, *, at: datetime) -> None:
    held = list(made.held_pledges.order_by("pk"))
    silent = 1 - sum(share for _, share in OUTCOMES)
    said = draw.choice(len(OUTCOMES) + 1, len(held), p=[*(share for _, share in OUTCOMES), silent])
    for one, which in zip(held, said, strict=True):
        if which < len(OUTCOMES):
            one.outcome, one.answered_at = OUTCOMES[which][0], at
    HeldPledge.objects.bulk_update(held, ["outcome", "answered_at"], batch_size=500)


def _today(zone: EpisodeZone, *, now: datetime) -> None:
    today = now.astimezone(PARIS).date()
    for number, status in enumerate((Episode.Status.IN_FORCE, Episode.Status.FORECAST)):
        Episode.announce(
            zone, pollutant="pm10", level="IR", day=today + number * DAY, status=status, source=SOURCE, url=ACT,
            now=now, is_simulated=True,
        )  # fmt: skip


def _message(organisation: Organisation, zone: EpisodeZone, *, now: datetime) -> None:
    """Publish one episode message through its signatures, where the demo has people to sign it."""

    def who(role: Role) -> tuple[Person, Organisation] | None:
        person = Person.objects.filter(
            is_simulated=True, staff_roles__role=role, staff_roles__ends_at=None
        ).first()
        held = person.running_roles().filter(role=role).first() if person else None
        return (person, held.organisation) if person and held else None

    mediator, expert, authority = who(Role.MEDIATOR), who(Role.METROLOGIST), who(Role.AUTHORITY)
    if mediator is None or expert is None or authority is None:
        return
    today = now.astimezone(PARIS).date()
    message = PublicMessage.objects.create(
        message_class="episode", title="Ce soir, le feu de bois d’agrément pèse le plus", zone=zone,
        first_day=today, last_day=today + DAY, author=mediator[0], organisation=mediator[1], is_simulated=True,
    )  # fmt: skip
    message.sentences.set(ApprovedSentence.objects.filter(code__in=["episode-official", "episode-wood"]))
    message.submit(by=mediator[0], now=now)
    message.sign(by=expert[0], signed_as="expert", organisation=expert[1], now=now)
    message.sign(by=authority[0], signed_as="authority", organisation=authority[1], now=now)
    message.publish(by=mediator[0], now=now)
