"""Who may do what: one table, read by every page and every verb that asks.

A role is held within one organisation (`StaffRole`); whoever is signed in is a borrower. Adding a page means
naming its capability here, never testing a role elsewhere.
"""

from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a member of staff is to an organisation."""

    DESK_VOLUNTEER = "desk_volunteer", _("bénévole au comptoir")
    LIBRARIAN = "librarian", _("responsable du prêt")
    METROLOGIST = "metrologist", _("métrologue")
    MEDIATOR = "mediator", _("médiation")
    AUTHORITY = "authority", _("autorité compétente")  # a prefecture, a health agency, a town
    ADMINISTRATOR = "administrator", _("administration")


class Capability(StrEnum):
    """One thing that a page or a verb lets someone do."""

    LEND = "lend"  # the desk: lend, return, tick the checklist
    OVERRIDE_RULES = "override_rules"  # lend against a policy, with a reason that is kept
    SEE_BORROWERS = "see_borrowers"  # names, contacts and loans of people
    SERVE_ON_BEHALF = "serve_on_behalf"  # account, hold and consent of someone without internet
    MANAGE_CATALOGUE = "manage_catalogue"  # kits, labels, imports, costs, transfers
    MANAGE_POLICIES = "manage_policies"  # lending rules, lending points, opening hours
    HOLD_TRAINING = "hold_training"  # sessions and attendance
    ANSWER_QUESTIONS = "answer_questions"  # the borrowers' question threads
    SEE_PRECISE_POSITION = "see_precise_position"  # each access is logged
    MEND_KITS = "mend_kits"  # upkeep tickets, charging, cleaning
    CALIBRATE = "calibrate"  # co-locations and fits
    APPROVE_CALIBRATIONS = "approve_calibrations"
    FLAG_DATA = "flag_data"  # the vigie's inbox
    CLAIM_DEVICES = "claim_devices"  # unknown devices, rejected messages, SD cards
    MANAGE_CAMPAIGNS = "manage_campaigns"
    PUBLISH_MESSAGES = "publish_messages"
    ANNOUNCE_EPISODES = "announce_episodes"  # enter what the authority decided, with the act's address
    SIGN_AS_EXPERT = "sign_as_expert"  # sign public messages, in one of three qualities
    SIGN_AS_MEDIATOR = "sign_as_mediator"
    SIGN_AS_AUTHORITY = "sign_as_authority"
    SEE_HISTORY = "see_history"  # who changed what, when
    MANAGE_STAFF = "manage_staff"  # roles within the organisation


_C = Capability
_DESK = frozenset({_C.LEND, _C.SEE_BORROWERS, _C.SERVE_ON_BEHALF, _C.HOLD_TRAINING, _C.MEND_KITS})

CAPABILITIES: dict[Role, frozenset[Capability]] = {
    Role.DESK_VOLUNTEER: _DESK,
    Role.LIBRARIAN: _DESK
    | {
        _C.OVERRIDE_RULES,
        _C.MANAGE_CATALOGUE,
        _C.MANAGE_POLICIES,
        _C.ANSWER_QUESTIONS,
        _C.SEE_PRECISE_POSITION,
        _C.CLAIM_DEVICES,
        _C.MANAGE_CAMPAIGNS,
        _C.SEE_HISTORY,
    },
    Role.METROLOGIST: frozenset(
        {
            _C.CALIBRATE,
            _C.APPROVE_CALIBRATIONS,
            _C.FLAG_DATA,
            _C.CLAIM_DEVICES,
            _C.SEE_PRECISE_POSITION,
            _C.MEND_KITS,
            _C.SEE_HISTORY,
            _C.ANNOUNCE_EPISODES,
            _C.SIGN_AS_EXPERT,
        }
    ),
    Role.MEDIATOR: frozenset(
        {
            _C.MANAGE_CAMPAIGNS,
            _C.ANSWER_QUESTIONS,
            _C.HOLD_TRAINING,
            _C.PUBLISH_MESSAGES,
            _C.SEE_BORROWERS,
            _C.ANNOUNCE_EPISODES,
            _C.SIGN_AS_MEDIATOR,
        }
    ),
    Role.AUTHORITY: frozenset({_C.ANNOUNCE_EPISODES, _C.SIGN_AS_AUTHORITY}),
    # Signing is a matter of quality, not of power over the instance: who administers it signs with another role.
    Role.ADMINISTRATOR: frozenset(Capability)
    - {_C.SIGN_AS_EXPERT, _C.SIGN_AS_MEDIATOR, _C.SIGN_AS_AUTHORITY},
}


def roles_with(capability: Capability) -> list[Role]:
    """List the roles that hold `capability`, in the order of the table."""
    return [role for role, held in CAPABILITIES.items() if capability in held]
