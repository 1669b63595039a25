"""What is forgotten by itself: every night, by the durations of `RetentionRule`, leaving counts and no content.

Only what has ended is forgotten; a loan whose borrower is gone already is treated like the others. An account is
closed only after its owner was told a month before and did not come back.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from capto.lending.models import Act, Hold, Loan
from capto.lending.personal_data import close_files, forget_positions
from capto.members.erasure import ErasureWaits, erase, erase_who_asked
from capto.members.messages import Letter
from capto.members.models import Erasure, Message, Person, RetentionRule, RetentionRun

DATA = RetentionRule.Data
WARNING = timedelta(days=30)  # before an account without activity is erased; our choice
AT_MOST = 500  # accounts a night: what goes wrong is seen before it has gone everywhere


def apply_now() -> None:
    """Erase who asked and forget what is kept no longer (the scheduled task)."""
    apply(now=timezone.now())


def apply(*, now: datetime) -> dict[str, int]:
    """Forget what is kept no longer; twice is once. Gives how many of each kind, and leaves a row for each."""
    erase_who_asked(now=now)
    warn_inactive(now=now)
    counts = {}
    for data, forget in FORGET.items():
        with transaction.atomic():
            counts[data] = forget(RetentionRule.limit(data, now=now), now)
            if counts[data]:
                RetentionRun.objects.create(data=data, at=now, removed=counts[data])
    return counts


def foreseen(*, now: datetime) -> dict[str, int]:
    """Count what a night would forget, without touching anything."""
    limit = {data: RetentionRule.limit(data, now=now) for data in FORGET}
    return {
        DATA.LOAN_FILE: _files(limit[DATA.LOAN_FILE]).count(),
        DATA.EXACT_POSITION: _ended(limit[DATA.EXACT_POSITION])
        .filter(loan_placements__placement__place__latitude__isnull=False)
        .distinct()
        .count(),
        DATA.POSTAL_ADDRESS: _addresses(limit[DATA.POSTAL_ADDRESS]).count(),
        DATA.MESSAGES: _messages(limit[DATA.MESSAGES]).count(),
        DATA.DESK_ANSWERS: _answers(limit[DATA.DESK_ANSWERS]).count(),
        DATA.ACCOUNT: sum(1 for person in _inactive(limit[DATA.ACCOUNT]) if _was_warned(person, now=now)),
    }


def _ended(limit: datetime) -> QuerySet[Loan]:
    return Loan.objects.filter(closed_at__lt=limit).exclude(state=Loan.State.OPEN)


def _files(limit: datetime) -> QuerySet[Loan]:
    kept = Q(person__isnull=False) | ~Q(collected_by="") | Q(thread__isnull=False) | Q(notes__isnull=False)
    return _ended(limit).filter(kept).distinct()


def _forget_files(limit: datetime, now: datetime) -> int:
    pks = list(_files(limit).values_list("pk", flat=True))
    Hold.objects.filter(
        state__in=[Hold.State.CANCELLED, Hold.State.EXPIRED], closed_at__lt=limit, person__isnull=False
    ).update(person=None)
    return close_files(pks)


def _forget_positions(limit: datetime, now: datetime) -> int:
    return forget_positions(_ended(limit).values_list("pk", flat=True))


def _addresses(limit: datetime) -> QuerySet[Person]:
    """List who has an address that no loan or hold by post needs any more."""
    needed = Loan.objects.filter(person=OuterRef("pk"), by_post=True).filter(
        Q(state=Loan.State.OPEN) | Q(closed_at__gte=limit)
    )
    asked = Hold.objects.running().filter(person=OuterRef("pk"), by_post=True)
    written = apps.get_model("members", "personevent").objects.filter(
        pgh_obj_id=OuterRef("pk"), pgh_created_at__gte=limit
    )
    return Person.objects.exclude(postal_address="").filter(~Exists(needed), ~Exists(asked), ~Exists(written))


def _forget_addresses(limit: datetime, now: datetime) -> int:
    pks = list(_addresses(limit).values_list("pk", flat=True))
    Person.objects.filter(pk__in=pks).update(postal_address="")
    apps.get_model("members", "personevent").objects.filter(pgh_obj_id__in=pks).update(postal_address="")
    return len(pks)


def _messages(limit: datetime) -> QuerySet[Message]:
    over = Q(sent_at__lt=limit) | Q(dropped_at__lt=limit)
    return Message.objects.filter(over).exclude(subject="", body="", error="")


def _forget_messages(limit: datetime, now: datetime) -> int:
    return _messages(limit).update(subject="", body="", error="")


def _answers(limit: datetime) -> QuerySet[Act]:
    return Act.objects.filter(noted_at__lt=limit).exclude(answer={})


def _forget_answers(limit: datetime, now: datetime) -> int:
    return _answers(limit).update(answer={})


def _inactive(limit: datetime) -> list[Person]:
    """List the borrowers who have not signed in, borrowed or asked since a moment; staff stays."""
    latest = Greatest("joined_at", Coalesce("last_login", "joined_at"))
    loans = Loan.objects.filter(person=OuterRef("pk")).filter(
        Q(state=Loan.State.OPEN) | Q(closed_at__gte=limit) | Q(lent_at__gte=limit)
    )
    holds = Hold.objects.filter(person=OuterRef("pk"), asked_at__gte=limit)
    return list(
        Person.objects.annotate(latest=latest)
        .filter(~Exists(loans), ~Exists(holds), latest__lt=limit, is_superuser=False, is_active=True)
        .exclude(staff_roles__ends_at=None, staff_roles__isnull=False)
        .order_by("pk")[:AT_MOST]
    )


def _key(person: Person) -> str:
    """Name the warning by the last sign-in: who comes back and goes away again is told again."""
    latest = person.last_login or person.joined_at
    return f"retention:account:{person.pk}:{latest.date().isoformat()}"


def warn_inactive(*, now: datetime) -> int:
    """Tell who has not come for long that their account ends in a month; once."""
    soon = RetentionRule.limit(DATA.ACCOUNT, now=now) + WARNING
    people = [person for person in _inactive(soon) if person.email]
    for person in people:
        Message.queue(
            person,
            key=_key(person),
            compose="capto.lending.retention.account_ends",
            about=now.date().isoformat(),
            nature=Message.Nature.ACCOUNT,
            now=now,
        )
    return len(people)


def account_ends(person: Person, *, about: str, now: datetime) -> Letter | None:
    """Say that an account without activity is erased in a month; nothing where its owner came back."""
    if person.last_login is not None and person.last_login.date().isoformat() > about:
        return None
    facts = {"person": person.name, "site": settings.SITE_NAME, "day": date_format(now + WARNING, "j F Y")}
    return Letter(
        _("Votre compte %(site)s sera effacé") % facts,
        _(
            "Bonjour %(person)s,\n\nVous n’êtes pas venu depuis longtemps. Votre compte et ce qui vous nomme seront "
            "effacés à partir du %(day)s ; les mesures publiées, qui ne vous nomment pas, restent.\n\nPour le garder, "
            "il suffit de vous connecter :"
        )
        % facts
        + "\n"
        + settings.SITE_URL
        + reverse("sign-in-link"),
    )


def _was_warned(person: Person, *, now: datetime) -> bool:
    """True where the warning left a month ago, or no e-mail reaches the person."""
    if not person.email:
        return True
    return Message.objects.filter(key=_key(person), queued_at__lte=now - WARNING).exists()


def _forget_accounts(limit: datetime, now: datetime) -> int:
    count = 0
    for person in _inactive(limit):
        if _was_warned(person, now=now):
            try:
                erase(person, because=Erasure.Because.INACTIVE, now=now)
                count += 1
            except ErasureWaits:
                continue
    return count


FORGET: dict[str, Callable[[datetime, datetime], int]] = {
    DATA.LOAN_FILE: _forget_files,
    DATA.EXACT_POSITION: _forget_positions,
    DATA.POSTAL_ADDRESS: _forget_addresses,
    DATA.MESSAGES: _forget_messages,
    DATA.DESK_ANSWERS: _forget_answers,
    DATA.ACCOUNT: _forget_accounts,
}
