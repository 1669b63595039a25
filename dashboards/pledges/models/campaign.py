from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_CEILING, Decimal
from typing import ClassVar

import pgtrigger
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from capto.catalogue.models import ObservedProperty
from capto.charts.scales import PARIS
from capto.members.models import Organisation, Person, Territory
from dashboards.episodes.models import Episode, EpisodeLevel, EpisodeZone


class WrongMove(Exception):
    """The campaign is not in a state from which it can go there."""


class PledgeAction(models.Model):
    """Something that one can promise to do or to leave on an episode day; a row, so that more can be offered."""

    class Effect(models.TextChoices):
        CAR = "car", _("kilomètres en voiture évités")
        WOOD = "wood", _("soirées de feu de bois évitées")
        NOT_COUNTED = "not_counted", _("effet non chiffré")

    code = models.SlugField(max_length=40, primary_key=True)
    name = models.CharField(max_length=120)  # Laisser ma voiture
    name_en = models.CharField(max_length=120)
    promise = models.CharField(
        max_length=200
    )  # je laisse ma voiture, before « si au moins ... autres le font aussi »
    promise_en = models.CharField(max_length=200)
    effect = models.CharField(max_length=12, choices=Effect)
    is_of_organisations = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.name if _french() else self.name_en

    @property
    def words(self) -> str:
        """Give the promise in the first person, in the reader's language."""
        return self.promise if _french() else self.promise_en


def _french() -> bool:
    return (get_language() or "fr").startswith("fr")


class PledgeCampaignQuerySet(models.QuerySet["PledgeCampaign"]):
    def public(self) -> PledgeCampaignQuerySet:
        """List what everyone may read: all but drafts."""
        return self.exclude(state=PledgeCampaign.State.DRAFT).select_related(
            "action", "territory", "zone", "organisation", "pollutant", "minimum_level"
        )

    def called_by(self, episode: Episode) -> PledgeCampaignQuerySet:
        """List the campaigns whose trigger an episode meets: zone, pollutant, level, status, season."""
        found = self.filter(
            Q(pollutant=None) | Q(pollutant=episode.pollutant_id),
            zone=episode.zone_id,
            minimum_level__jurisdiction=episode.level.jurisdiction,
            minimum_level__rank__lte=episode.level.rank,
            ends_on__gte=episode.day,
            state__in=PledgeCampaign.RUNNING,
        )
        if episode.status == Episode.Status.FORECAST:
            return found.filter(calls_when_forecast=True)
        return found if episode.status == Episode.Status.IN_FORCE else found.none()


class PledgeCampaign(models.Model):
    """One action, on one territory, for the episode days of a season: who joins is bound only with enough others.

    The threshold, a number or a share of the inhabitants, is what the form proposes as personal condition and nothing
    else. What people agreed to does not change under them: deadline, threshold, action, territory and trigger are
    fixed once it is open (a trigger of the database holds that).
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("en préparation")
        OPEN = "open", _("ouverte")
        ARMED = "armed", _("prête")
        CALLED = "called", _("appelée")
        FOLLOWED_UP = "followed_up", _("bilan")
        CLOSED = "closed", _("terminée")
        EXPIRED = "expired", _("sans suite")

    RUNNING = (State.OPEN, State.ARMED, State.CALLED, State.FOLLOWED_UP)
    WAYS: ClassVar[dict[str, tuple[str, ...]]] = {  # where each state may come from
        State.OPEN: (State.DRAFT,),
        State.ARMED: (State.OPEN, State.CALLED),
        State.CALLED: (State.ARMED, State.CALLED, State.FOLLOWED_UP),
        State.FOLLOWED_UP: (State.CALLED,),
        State.CLOSED: (State.ARMED, State.FOLLOWED_UP),
        State.EXPIRED: (State.OPEN,),
    }

    slug = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=160)
    why = models.TextField(blank=True)  # Markdown
    action = models.ForeignKey(PledgeAction, models.PROTECT, related_name="campaigns")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="pledge_campaigns")
    mediator = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    territory = models.ForeignKey(Territory, models.PROTECT, related_name="pledge_campaigns")
    inhabitants = models.PositiveIntegerField()  # of the territory, as counted when the campaign opens
    zone = models.ForeignKey(EpisodeZone, models.PROTECT, related_name="pledge_campaigns")
    pollutant = models.ForeignKey(
        ObservedProperty, models.PROTECT, null=True, blank=True, related_name="+"
    )  # None: whichever
    minimum_level = models.ForeignKey(EpisodeLevel, models.PROTECT, related_name="+")
    calls_when_forecast = models.BooleanField(default=True)  # from the announcement; else once it is in force
    deadline = models.DateTimeField()
    ends_on = models.DateField()  # the last day of the season
    threshold_number = models.PositiveIntegerField(null=True, blank=True)
    threshold_share = models.DecimalField(max_digits=6, decimal_places=5, null=True, blank=True)
    smallest_count = models.PositiveSmallIntegerField(default=5)  # no figure of fewer people is shown
    state = models.CharField(max_length=12, choices=State, default=State.DRAFT)
    armed_at = models.DateTimeField(null=True, blank=True)
    final_pledges = models.PositiveIntegerField(
        null=True, blank=True
    )  # what stays when addresses are removed
    is_simulated = models.BooleanField(default=False)

    objects: ClassVar[PledgeCampaignQuerySet] = PledgeCampaignQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-deadline", "slug"]
        constraints = [
            models.CheckConstraint(
                condition=Q(threshold_number__isnull=False, threshold_share__isnull=True)
                | Q(threshold_number__isnull=True, threshold_share__gt=0, threshold_share__lte=1),
                name="a_threshold_is_a_number_or_a_share",
            ),
            models.CheckConstraint(
                condition=Q(smallest_count__gte=3), name="fewer_than_three_people_is_no_count"
            ),
            models.CheckConstraint(
                condition=Q(armed_at__isnull=False) | Q(state__in=["draft", "open", "expired"]),
                name="what_is_armed_says_since_when",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="what_people_agreed_to_is_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.state <> 'draft' AND (OLD.deadline, OLD.action_id, OLD.territory_id, OLD.zone_id, "
                    "OLD.pollutant_id, OLD.minimum_level_id, OLD.threshold_number, OLD.threshold_share, "
                    "OLD.inhabitants, OLD.smallest_count, OLD.calls_when_forecast) IS DISTINCT FROM "
                    "(NEW.deadline, NEW.action_id, NEW.territory_id, NEW.zone_id, NEW.pollutant_id, "
                    "NEW.minimum_level_id, NEW.threshold_number, NEW.threshold_share, NEW.inhabitants, "
                    "NEW.smallest_count, NEW.calls_when_forecast)"
                ),
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def threshold(self) -> int:
        """Give the default of the personal condition: the number, or the share of the inhabitants rounded up."""
        if self.threshold_number is not None:
            return self.threshold_number
        share = Decimal(str(self.threshold_share)) * self.inhabitants
        return int(share.to_integral_value(rounding=ROUND_CEILING))

    @property
    def is_running(self) -> bool:
        """Whether people may join."""
        return self.state in self.RUNNING

    def accepts(self, *, now: datetime) -> bool:
        """Whether a pledge can be made now."""
        return self.is_running and now.astimezone(PARIS).date() <= self.ends_on

    def open(self, *, by: Person | None, now: datetime) -> None:
        """Open a draft to everyone."""
        self.move(self.State.OPEN, now=now, by=by)

    def close(self, *, now: datetime, by: Person | None = None, because: str = "") -> None:
        """End the season."""
        self.move(self.State.CLOSED, now=now, by=by, because=because)

    def arm(self, *, now: datetime, because: str) -> None:
        """Note that the held set is not empty, at the deadline or at an episode; it is never taken back."""
        type(self).objects.filter(pk=self.pk, armed_at=None).update(armed_at=now)
        self.refresh_from_db(fields=["armed_at"])
        self.move(self.State.ARMED, now=now, because=because)

    @transaction.atomic
    def move(
        self, to: str, *, now: datetime, by: Person | None = None, because: str = "", day: date | None = None
    ) -> None:
        """Go to another state and leave a row that says so; raises WrongMove from elsewhere."""
        start = (
            type(self).objects.select_for_update(of=("self",)).values_list("state", flat=True).get(pk=self.pk)
        )
        if start not in self.WAYS[to]:
            raise WrongMove(f"{start} -> {to}")
        type(self).objects.filter(pk=self.pk).update(state=to)
        self.state = to
        CampaignMove.objects.create(
            campaign=self, from_state=start, to_state=to, at=now, by=by, because=because, day=day
        )


class CampaignMove(models.Model):
    """One move of a campaign; rows are added, never changed."""

    campaign = models.ForeignKey(PledgeCampaign, models.CASCADE, related_name="moves")
    from_state = models.CharField(max_length=12, choices=PledgeCampaign.State)
    to_state = models.CharField(max_length=12, choices=PledgeCampaign.State)
    at = models.DateTimeField()
    day = models.DateField(null=True, blank=True)  # of the call
    by = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    because = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(from_state=F("to_state")) | Q(to_state="called"),
                name="a_move_leads_elsewhere",
            )
        ]
