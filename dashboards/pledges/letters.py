"""What the messages about pledges say: approved sentences, facts and links, written when they leave."""

from __future__ import annotations

from datetime import date, datetime

from django.conf import settings
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _

from capto.members.messages import Letter
from capto.members.models import Person
from dashboards.messages.models.rule import sentences
from dashboards.pledges.models import HeldPledge, Pledge

CALLED = (
    "pledge-call-episode",
    "pledge-call-held",
    "pledge-call-ask",
    "pledge-call-free",
    "pledge-call-after",
)


def link(name: str, *args: object) -> str:
    """Make the full address of a page."""
    return settings.SITE_URL + reverse(name, args=args)


def confirm(person: Person | None, *, about: str, now: datetime) -> Letter | None:
    """Send the link that confirms a pledge, or, where it is confirmed already, the address of its page."""
    pledge = (
        Pledge.objects.select_related("campaign__action").filter(pk=int(about), withdrawn_at=None).first()
    )
    if pledge is None:
        return None
    facts = {"campaign": pledge.campaign.title, "promise": pledge.campaign.action.words}
    if pledge.confirmed_at is not None:
        return Letter(
            _("Votre engagement est déjà noté : %(campaign)s") % facts,
            _(
                "Bonjour,\n\nUn engagement est déjà noté pour cette adresse. Sa page permet de le lire et de le"
                " retirer :\n%(link)s\n\nSi vous n’avez rien demandé, il n’y a rien à faire."
            )
            % {**facts, "link": link("pledge-own", pledge.own_token())},
        )
    return Letter(
        _("À confirmer : %(campaign)s") % facts,
        _(
            "Bonjour,\n\nVous promettez : les jours d’épisode, %(promise)s si au moins %(others)s autres personnes le"
            " font aussi.\n\nPour confirmer, ouvrez cette page et pressez le bouton (le lien sert une fois, pendant"
            " deux jours) :\n%(link)s\n\nSi vous n’avez rien demandé, ne faites rien : l’adresse sera effacée."
        )
        % {
            **facts,
            "others": formats.number_format(pledge.required_others),
            "link": link("pledge-confirm", pledge.confirming_token()),
        },
    )


def _held(about: str) -> tuple[date, list[HeldPledge]]:
    day, _colon, reader = about.partition(":")
    found = HeldPledge.objects.filter(
        call__day=day, pledge__reader=reader, pledge__withdrawn_at=None, call__cancelled_at=None
    ).select_related("pledge", "call__episode", "call__campaign__action")
    return date.fromisoformat(day), list(found.order_by("call__campaign__slug"))


def called(person: Person | None, *, about: str, now: datetime) -> Letter | None:
    """Ask someone held, once for the day, whatever they promised; nothing where they withdrew or it was lifted."""
    day, held = _held(about)
    standing = [one for one in held if one.call.episode.stands]
    if not standing:
        return None
    said = sentences(CALLED, now=now)
    lines = []
    for one in standing:
        assert one.pledge is not None
        lines.append(
            f"— {one.call.campaign.title} ({one.call.campaign.action.words})\n"
            f"  {link('pledge-own', one.pledge.own_token())}"
        )
    episode = standing[0].call.episode
    source = _("Source : %(source)s, %(url)s") % {"source": episode.source, "url": episode.url}
    return Letter(
        _("Épisode de pollution, %(day)s : votre engagement compte") % {"day": _day(day)},
        "\n\n".join([said[0] + "\n" + source, " ".join(said[1:3]), "\n".join(lines), " ".join(said[3:])]),
    )


def lifted(person: Person | None, *, about: str, now: datetime) -> Letter | None:
    """Tell someone who had been asked that nothing is asked of them any more."""
    day = date.fromisoformat(about.partition(":")[0])
    return Letter(
        _("Épisode levé, %(day)s : rien ne vous est demandé") % {"day": _day(day)},
        sentences(["pledge-call-lifted"], now=now)[0],
    )


def _day(day: date) -> str:
    return formats.date_format(day, "l j F")
