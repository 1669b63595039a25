from django.db import models

from capto.members.models import Territory
from dashboards.pledges.models.campaign import PledgeCampaign


class ShownCount(models.Model):
    """The pledges of one commune as last shown: kept, because it moves only by k people or more."""

    campaign = models.ForeignKey(PledgeCampaign, models.CASCADE, related_name="shown_counts")
    commune = models.ForeignKey(Territory, models.CASCADE, related_name="+")
    number = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "commune"], name="one_shown_count_per_commune")
        ]
