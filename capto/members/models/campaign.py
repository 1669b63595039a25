from datetime import date, datetime

from django.db import models, transaction
from django.db.models import F, Q

from capto.members.models.group import BorrowerGroup
from capto.members.models.organisation import Organisation, Territory
from capto.members.models.person import Person


class NoSeatLeft(Exception):
    """The campaign has as many participants as seats."""


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def running(self, *, on: date) -> "CampaignQuerySet":
        """List the campaigns whose dates hold a day."""
        return self.filter(starts_on__lte=on, ends_on__gte=on)


class Campaign(models.Model):
    """A question that a group of people looks into together, on a territory, between two dates."""

    question = models.CharField(max_length=300)
    slug = models.SlugField(max_length=80, unique=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="campaigns")
    territory = models.ForeignKey(Territory, models.PROTECT, related_name="campaigns")
    mediator = models.ForeignKey(Person, models.PROTECT, related_name="campaigns_mediated")
    starts_on = models.DateField()
    ends_on = models.DateField()
    seats = models.PositiveIntegerField()
    is_simulated = models.BooleanField(default=False)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="a_campaign_ends_after_it_starts"
            ),
            models.CheckConstraint(condition=Q(seats__gt=0), name="a_campaign_has_seats"),
        ]

    def __str__(self) -> str:
        return self.question

    @transaction.atomic
    def seat(self, person: Person, *, now: datetime, group: BorrowerGroup | None = None) -> "CampaignSeat":
        """Give a seat to a person; a second time gives the same seat.

        Raises NoSeatLeft when all are taken; the campaign's row is locked while they are counted.
        """
        campaign = Campaign.objects.select_for_update(no_key=True).get(pk=self.pk)
        already = CampaignSeat.objects.filter(campaign=campaign, person=person, left_at=None).first()
        if already is not None:
            return already
        if CampaignSeat.objects.filter(campaign=campaign, left_at=None).count() >= campaign.seats:
            raise NoSeatLeft(campaign.question)
        return CampaignSeat.objects.create(campaign=campaign, person=person, group=group, taken_at=now)


class CampaignSeat(models.Model):
    """One participant of a campaign."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="participants")
    person = models.ForeignKey(Person, models.CASCADE, related_name="campaign_seats")
    group = models.ForeignKey(BorrowerGroup, models.PROTECT, null=True, blank=True)
    taken_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "person"],
                condition=Q(left_at__isnull=True),
                name="one_seat_per_person_and_campaign",
            ),
        ]
