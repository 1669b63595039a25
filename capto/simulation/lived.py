"""What the simulated borrowers say and write: notes on the curve, questions answered and waiting."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from capto.lending.models import Loan, LoanNote, ThreadEntry
from capto.members.demo_accounts import BORROWER, TEACHER
from capto.members.models import Person

NOTES: Final = ((3, 19, "J’ai cuisiné, fenêtre ouverte"), (2, 21, "Feu de jardin chez un voisin"))
ANSWERED: Final = (
    "La lumière du capteur est rouge depuis ce matin, est-ce normal ?",
    "Oui, il charge. Elle passe au vert quand la batterie est pleine, au bout de trois heures environ.",
)
WAITING: Final = (
    (9, "Le capteur a pris la pluie pendant l’orage. Faut-il le rentrer ?"),
    (1, "Peut-on le poser au premier étage, sur un balcon ?"),
)


def live_with(loans: Sequence[Loan], *, now: datetime) -> None:
    """Write notes and questions on the open loans, some answered, one late."""
    out = [loan for loan in loans if loan.state == Loan.State.OPEN and loan.person is not None]
    known = {BORROWER, TEACHER}
    shown = sorted(out, key=lambda loan: (loan.person is None or loan.person.email not in known, loan.pk))
    for loan in shown[:8]:
        for days, hour, text in NOTES:
            at = (now - timedelta(days=days)).replace(hour=hour, minute=10, second=0, microsecond=0)
            if at > loan.lent_at:
                LoanNote.objects.create(loan=loan, starts_at=at, text=text, written_at=at)
        asked = max(loan.lent_at + timedelta(hours=5), now - timedelta(days=4))
        if asked < now and loan.pk % 2 == 0:
            question, answer = ANSWERED
            _write(loan, loan.person, question, at=asked, is_from_staff=False)
            _write(loan, None, answer, at=asked + timedelta(hours=3), is_from_staff=True)
    others = iter(
        sorted(shown[8:], key=lambda loan: loan.lent_at)
    )  # who has had a kit for longest asked long ago
    for (days, text), loan in zip(WAITING, others, strict=False):
        at = max(loan.lent_at + timedelta(hours=2), now - timedelta(days=days))
        _write(loan, loan.person, text, at=at, is_from_staff=False)


def _write(loan: Loan, author: Person | None, text: str, *, at: datetime, is_from_staff: bool) -> None:
    """Write an entry of the past: nobody is told of it today."""
    ThreadEntry.objects.create(loan=loan, author=author, is_from_staff=is_from_staff, text=text, at=at)
