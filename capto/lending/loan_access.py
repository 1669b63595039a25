"""Who may see a loan: its borrower, and the staff of its lending point who hold a capability."""

from collections.abc import Callable

from capto.lending.models import Loan
from capto.members.models import Organisation, Person


def loan_seen_by(
    person: Person, public_id: str, *, staff_may: Callable[[Organisation], bool]
) -> tuple[Loan, bool] | None:
    """Give a loan and whether staff asks; None for anyone else, also where there is no such loan."""
    loan = (
        Loan.objects.select_related(
            "kit__model", "person", "group", "point__organisation", "policy", "charter", "returned_point"
        )
        .filter(public_id=public_id)
        .exclude(state=Loan.State.CANCELLED)
        .first()
    )
    if loan is None:
        return None
    if loan.person_id == person.pk:
        return loan, False
    return (loan, True) if staff_may(loan.point.organisation) else None
