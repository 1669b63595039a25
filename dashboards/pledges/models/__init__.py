from dashboards.pledges.models.call import Call, HeldPledge
from dashboards.pledges.models.campaign import (
    CampaignMove,
    PledgeAction,
    PledgeCampaign,
    WrongMove,
)
from dashboards.pledges.models.effect import ExternalCount, Factor, FactorSet, PublishedEffect
from dashboards.pledges.models.pledge import Pledge, PledgeClosed
from dashboards.pledges.models.promise import Keeping, ReturnPromise
from dashboards.pledges.models.review import EpisodeReview
from dashboards.pledges.models.shown import ShownCount

__all__ = [
    "Call",
    "CampaignMove",
    "EpisodeReview",
    "ExternalCount",
    "Factor",
    "FactorSet",
    "HeldPledge",
    "Keeping",
    "Pledge",
    "PledgeAction",
    "PledgeCampaign",
    "PledgeClosed",
    "PublishedEffect",
    "ReturnPromise",
    "ShownCount",
    "WrongMove",
]
