"""Who actually came for a group's kits: a card scanned, a name typed, or just who answers for the group."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from capto.catalogue.models import LendingPoint
from capto.lending.models import Act, Loan
from capto.lending.once import Answer
from capto.members.codes import CodeKind, UnreadableCode, read_code
from capto.members.models import Person

JUST_LENT = timedelta(minutes=10)  # the kits that lie on the desk now


def note_collector(
    code: str, *, served: Person | None, point: LendingPoint, now: datetime, act: Act
) -> Answer:
    """Note on the kits just lent to who is served who came for them; an empty `code` is the borrower themself."""
    loans = list(
        Loan.objects.open()
        .filter(person=served, point=point, lent_at__gte=now - JUST_LENT, lent_at__lte=now)
        .select_related("kit", "person", "group")
        .order_by("lent_at", "pk")
        if served is not None
        else []
    )
    if not loans:
        return {
            "outcome": "unknown",
            "tone": "warn",
            "line": _("Rien ne vient d’être prêté à cette personne."),
            "details": [_("Scannez d’abord sa carte et un kit ; ou notez-le sur la page du prêt.")],
        }
    name = _name(code)
    if name is None:
        return {"outcome": "unknown", "tone": "warn", "line": _("Carte inconnue : %s") % code, "details": [
            _("Appuyez de nouveau sur F6, et tapez le nom.")]}  # fmt: skip
    for loan in loans:
        loan.note_collector("" if served is not None and name == served.name else name)
    act.kind, act.loan, act.kit, act.person = Act.Kind.COLLECTOR, loans[-1], loans[-1].kit, served
    who = loans[-1].collected_by or (served.name if served is not None else "")
    return {
        "outcome": "collector",
        "tone": "good",
        "line": _("Venu chercher : %s") % who,
        "details": [", ".join(loan.kit.code for loan in loans)],
        "kit": loans[-1].kit.code,
    }


def _name(code: str) -> str | None:
    """Give the name that a card or typed words tell, '' for the borrower; None for a card of nobody."""
    text = code.strip()
    try:
        read = read_code(text) if text else None
    except UnreadableCode:
        return text[:200]
    if read is None:
        return ""
    if read.kind is not CodeKind.PERSON:
        return None
    return Person.objects.filter(card_code=read.text).values_list("name", flat=True).first()
