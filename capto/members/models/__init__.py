import pghistory

from capto.members.models.api_token import ApiToken
from capto.members.models.attempt import Attempt
from capto.members.models.campaign import Campaign, CampaignSeat, NoSeatLeft
from capto.members.models.consent import Charter, Consent
from capto.members.models.group import BorrowerCategory, BorrowerGroup
from capto.members.models.mailbox import MailProviderRule, SilencedReader
from capto.members.models.message import Message
from capto.members.models.organisation import Organisation, Territory
from capto.members.models.person import Person
from capto.members.models.retention import Erasure, RetentionRule, RetentionRun
from capto.members.models.staff_role import StaffRole

# Triggers of the database write the history of each: rules and lists too, for "who changed this?" is asked of them.
for changed in (BorrowerGroup, Campaign, Charter, Organisation, StaffRole, RetentionRule):
    pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())(changed)

__all__ = [
    "ApiToken",
    "Attempt",
    "BorrowerCategory",
    "BorrowerGroup",
    "Campaign",
    "CampaignSeat",
    "Charter",
    "Consent",
    "Erasure",
    "MailProviderRule",
    "Message",
    "NoSeatLeft",
    "Organisation",
    "Person",
    "RetentionRule",
    "RetentionRun",
    "SilencedReader",
    "StaffRole",
    "Territory",
]
