"""A territory, a zone and a campaign of real rows, and people who pledge."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from capto.members.models import Organisation, Person, StaffRole, Territory
from capto.members.models.mailbox import readers_of
from capto.members.roles import Role
from dashboards.episodes.models import Episode, EpisodeLevel, EpisodeZone
from dashboards.pledges.models import Pledge, PledgeAction, PledgeCampaign

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)  # a Friday; 13 h in Paris
TODAY = date(2026, 11, 20)
TOMORROW = date(2026, 11, 21)
DAY = timedelta(days=1)


class Season:
    """Makes what a test of campaigns needs and nothing else."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self.territory = Territory.objects.create(name="Grésivaudan", population=20_000)
        self.commune = Territory.objects.create(name="Crolles", insee_code="38140")
        self.association = Organisation.objects.create(name="Air du bassin", territory=self.territory)
        self.zone = EpisodeZone.objects.create(code="38-bassin", name="Bassin grenoblois")

    def campaign(
        self, *, action: str = "leave-the-car", is_open: bool = True, **fields: Any
    ) -> PledgeCampaign:
        """Make a campaign for cars on alert days, open unless said otherwise."""
        told: dict[str, Any] = {
            "slug": f"campagne-{next(self._numbers)}",
            "title": "Sans ma voiture",
            "action": PledgeAction.objects.get(code=action),
            "organisation": self.association,
            "territory": self.territory,
            "inhabitants": 20_000,
            "zone": self.zone,
            "minimum_level": EpisodeLevel.named("IR"),
            "deadline": NOW + 10 * DAY,
            "ends_on": TODAY + 90 * DAY,
            "threshold_number": 3,
        }
        if "threshold_share" in fields:
            del told["threshold_number"]
        campaign = PledgeCampaign.objects.create(**(told | fields))
        if is_open:
            campaign.open(by=None, now=NOW)
        return campaign

    def pledges(
        self,
        campaign: PledgeCampaign,
        conditions: list[int],
        *,
        commune: Territory | None = None,
        start: int = 0,
    ) -> list[Pledge]:
        """Let so many people pledge and confirm."""
        addresses = [f"p{start + number}@exemple.test" for number in range(len(conditions))]
        readers = readers_of(addresses, now=NOW)
        return Pledge.objects.bulk_create(
            Pledge(
                campaign=campaign, reader=reader, email=address, required_others=required, commune=commune,
                made_at=NOW, confirmed_at=NOW,
            )
            for address, reader, required in zip(addresses, readers, conditions, strict=True)
        )  # fmt: skip

    def episode(self, *, day: date = TOMORROW, **fields: Any) -> Episode:
        """Let the authority decide."""
        told: dict[str, Any] = {
            "pollutant": "no2", "level": "IR", "day": day, "status": "in_force", "source": "Préfecture de l’Isère",
            "url": "https://www.isere.gouv.fr/acte/12", "now": NOW,
        }  # fmt: skip
        return Episode.announce(self.zone, **(told | fields))

    def staff(self, role: Role, *, name: str = "Maïa", organisation: Organisation | None = None) -> Person:
        """Give someone a role."""
        person = Person.objects.create_user(f"staff{next(self._numbers)}@exemple.test", name=name)
        StaffRole.give(person, role=role, organisation=organisation or self.association, now=NOW - DAY)
        return person


@pytest.fixture
def season(db: None) -> Season:
    """An association with a territory and a zone."""
    return Season()


@pytest.fixture
def at_noon(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Let the pages read noon of 20 November 2026 (UTC)."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    return NOW
