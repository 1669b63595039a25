"""What moves campaigns by itself: armed, called, followed up, closed, forgotten. Every step can run twice."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from capto.charts.scales import PARIS
from capto.members.models import Message
from dashboards.episodes.models import Episode
from dashboards.pledges.fixed_point import held
from dashboards.pledges.models import Call, HeldPledge, Keeping, Pledge, PledgeCampaign
from dashboards.pledges.models.pledge import LETTERS, TO_CONFIRM

log = logging.getLogger(__name__)

FORGET_AFTER = timedelta(days=90)  # addresses, after the last day of a campaign (reference: privacy, 4)
S = PledgeCampaign.State


def turn_now() -> None:
    """Move every campaign as far as the moment asks (the scheduled task)."""
    turn(now=timezone.now())


def turn(*, now: datetime) -> None:
    """Arm or expire at deadlines, call for episode days, cancel for lifted ones, follow up, close, forget."""
    for episode in Episode.objects.told(now=now):
        for campaign in PledgeCampaign.objects.called_by(episode):
            call(campaign, episode=episode, now=now)
    cancel_lifted(now=now)
    for campaign in PledgeCampaign.objects.filter(state=S.OPEN, deadline__lte=now):
        _at_the_deadline(campaign, now=now)
    follow_up(now=now)
    today = now.astimezone(PARIS).date()
    for campaign in PledgeCampaign.objects.filter(state__in=[S.ARMED, S.FOLLOWED_UP], ends_on__lt=today):
        campaign.close(now=now, because="end of the season")
    forget(now=now)


def counting(campaign: PledgeCampaign) -> list[tuple[int, int]]:
    """Give (id, others required) of the pledges that count, by id; one query."""
    return list(campaign.pledges.counting().order_by("pk").values_list("pk", "required_others"))


@transaction.atomic
def call(campaign: PledgeCampaign, *, episode: Episode, now: datetime) -> Call | None:
    """Call a campaign for the day of an episode, once: freeze who is held, and queue one message to each of them.

    None where it was called for that day already, where nobody is held, or where its state forbids it. The row of the
    campaign is locked meanwhile: two workers call it once.
    """
    here = PledgeCampaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    if here.state not in PledgeCampaign.RUNNING or here.calls.filter(day=episode.day).exists():
        return None
    pledges = counting(here)
    bound = [pk for (pk, _), is_held in zip(pledges, held([x for _, x in pledges]), strict=True) if is_held]
    if not bound:
        return None
    if here.state == S.OPEN:
        here.arm(now=now, because="episode")
    made = Call.objects.create(
        campaign=here,
        episode=episode,
        day=episode.day,
        called_at=now,
        counted=len(pledges),
        held=len(bound),
        counted_ids=[pk for pk, _ in pledges],
    )
    HeldPledge.objects.bulk_create((HeldPledge(call=made, pledge_id=pk) for pk in bound), batch_size=5_000)
    Keeping.objects.bulk_create(
        Keeping(promise=promise, call=made, held=len(bound))
        for promise in here.promises.filter(withdrawn_at=None)
        if promise.is_due(held=len(bound))
    )
    here.move(S.CALLED, now=now, day=episode.day, because=str(episode.level.code))
    _tell(Pledge.objects.filter(calls__call=made), compose="called", day=episode.day, now=now)
    log.info("campaign %s called for %s: %d of %d held", here.slug, episode.day, len(bound), len(pledges))
    return made


def _tell(pledges: Iterable[Pledge], *, compose: str, day: date, now: datetime) -> None:
    """Queue one message a person and day, whatever the number of their pledges: the key is the mailbox's."""
    nature = Message.Nature.SOLICITATION if compose == "called" else Message.Nature.ACCOUNT
    with_mail: list[Message] = []
    for pledge in pledges:
        key, about = f"pledges:{compose}:{day}:{pledge.reader}", f"{day}:{pledge.reader}"
        if pledge.email:
            with_mail.append(
                Message.to_address(
                    pledge.email, key=key, compose=f"{LETTERS}{compose}", about=about, nature=nature,
                    reader=pledge.reader, language=pledge.language, now=now,
                )
            )  # fmt: skip
        elif pledge.person is not None:  # on paper: staff reads it from the list of the day
            Message.queue(
                pledge.person, key=key, compose=f"{LETTERS}{compose}", about=about, nature=nature, now=now
            )
    Message.queue_all(with_mail)


def cancel_lifted(*, now: datetime) -> None:
    """Cancel the calls whose episode was lifted before its day began, and tell those who had been told."""
    today = now.astimezone(PARIS).date()
    lifted = Call.objects.standing().filter(day__gt=today, episode__status=Episode.Status.LIFTED)
    for made in lifted.select_related("campaign", "episode"):
        cancel(made, now=now)


@transaction.atomic
def cancel(made: Call, *, now: datetime) -> None:
    """Cancel one call; only who has received its message is told. Again does nothing more."""
    if not Call.objects.filter(pk=made.pk, cancelled_at=None).update(cancelled_at=now):
        return
    Keeping.objects.filter(call=made, said_at=None).delete()
    keys = {f"pledges:called:{made.day}:{p.reader}": p for p in Pledge.objects.filter(calls__call=made)}
    told = Message.objects.filter(key__in=list(keys), handed_over_at__isnull=False).values_list(
        "key", flat=True
    )
    _tell([keys[key] for key in told], compose="lifted", day=made.day, now=now)
    if (
        made.campaign.state == S.CALLED
        and not made.campaign.calls.standing().filter(followed_up_at=None).exists()
    ):
        made.campaign.move(S.ARMED, now=now, day=made.day, because="lifted")


def _at_the_deadline(campaign: PledgeCampaign, *, now: datetime) -> None:
    if any(held([required for _, required in counting(campaign)])):
        campaign.arm(now=now, because="deadline")
    else:
        campaign.move(S.EXPIRED, now=now, because="deadline")


def follow_up(*, now: datetime) -> None:
    """Close the answers of the calls whose days for answering are over, and publish their effect."""
    from dashboards.pledges.publishing import publish_effects

    today = now.astimezone(PARIS).date()
    for made in (
        Call.objects.standing().filter(followed_up_at=None).select_related("campaign__action", "episode")
    ):
        publish_effects(made, layer="potential", now=now)
        if made.answers_until >= today:
            continue
        with transaction.atomic():
            if not Call.objects.filter(pk=made.pk, followed_up_at=None).update(followed_up_at=now):
                continue
            publish_effects(made, layer="declared", now=now)
            campaign = made.campaign
            if not campaign.calls.standing().filter(followed_up_at=None).exists():
                campaign.move(S.FOLLOWED_UP, now=now, day=made.day)


def answers_open(made: Call, *, now: datetime) -> bool:
    """Whether people may say what they did: from the evening of the day until the answers are counted."""
    opens = datetime.combine(made.day, time(18), tzinfo=PARIS)
    return made.cancelled_at is None and made.followed_up_at is None and now >= opens


@transaction.atomic
def forget(*, now: datetime) -> int:
    """Remove unconfirmed promises after two days and every address 90 days after a season; gives how many rows.

    Counts stay: what was held, done and avoided is in the calls.
    """
    stale = Pledge.objects.filter(confirmed_at=None, made_at__lt=now - TO_CONFIRM)
    count, _ = stale.delete()
    last_day = now.astimezone(PARIS).date() - FORGET_AFTER
    over = PledgeCampaign.objects.filter(
        state__in=[S.CLOSED, S.EXPIRED], ends_on__lt=last_day, final_pledges=None
    )
    for campaign in over:
        final = campaign.pledges.counting().count()
        readers = list(campaign.pledges.values_list("reader", flat=True))
        removed, _ = campaign.pledges.all().delete()
        campaign.calls.update(counted_ids=[])
        elsewhere = set(Pledge.objects.filter(reader__in=readers).values_list("reader", flat=True))
        Message.forget_addresses([reader for reader in readers if reader not in elsewhere])
        PledgeCampaign.objects.filter(pk=campaign.pk).update(final_pledges=final)
        count += removed
    return count
