"""Who calls the API: a person with a session, or a program whose token acts as a person in an organisation."""

from dataclasses import dataclass
from typing import cast

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import APIKeyCookie, HttpBearer

from capto.catalogue.models import LendingPoint
from capto.lending.api.problems import Told
from capto.lending.desk import person_of
from capto.lending.loan_access import loan_seen_by
from capto.lending.models import Hold, Loan
from capto.lending.people import known_to
from capto.lending.refusals import NotAllowed
from capto.members.access import second_factor_is_given
from capto.members.models import ApiToken, Organisation, Person
from capto.members.roles import Capability


@dataclass
class Caller:
    """The person in whose name a request acts, and the bounds of it."""

    person: Person
    token: ApiToken | None
    second_factor: bool  # a token was issued by who had given theirs

    def may(self, capability: Capability, *, within: Organisation) -> bool:
        """True where the person's role, the second factor and the token's scope all allow it, as at the desk."""
        return (
            self.person.can(capability, within=within)
            and self.second_factor
            and (self.token is None or self.token.covers(capability, within=within))
        )

    def check_override(self, reason: str | None, *, at: LendingPoint) -> str:
        """Give the reason of an override that a caller may ask for. Raises NotAllowed."""
        if reason and not self.may(Capability.OVERRIDE_RULES, within=at.organisation):
            raise NotAllowed
        return reason or ""


def caller_of(request: HttpRequest) -> Caller:
    """Give who calls, as authentication found it."""
    return cast(Caller, request.auth)  # type: ignore[attr-defined]


class Token(HttpBearer):
    """`Authorization: Bearer capto_…`, issued in Gérer, Clés d’accès."""

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        """Find the token's person; the history of what changes names them."""
        now = timezone.now()
        found = ApiToken.objects.shown(token, now=now)
        if found is None:
            return None
        found.note_use(now=now)
        request.user = found.person
        return Caller(found.person, found, second_factor=True)


class Session(APIKeyCookie):
    """The cookie of someone who signed in on the pages; acts need the X-CSRFToken header too."""

    param_name = settings.SESSION_COOKIE_NAME

    def _get_key(self, request: HttpRequest) -> str | None:
        if self.param_name not in request.COOKIES:
            return None  # nobody: 401, not a missing form token
        return super()._get_key(request)

    def authenticate(self, request: HttpRequest, key: str | None) -> Caller | None:
        """Give the person of the session."""
        person = request.user
        if key is None or not isinstance(person, Person) or not person.is_active:
            return None
        return Caller(person, None, second_factor=second_factor_is_given(request))


def point_for(caller: Caller, slug: str, capability: Capability) -> LendingPoint:
    """Give a lending point at which the caller holds a capability; no other, nor whether there is one. Raises Told."""
    found = LendingPoint.objects.select_related("organisation").filter(slug=slug, is_active=True).first()
    if found is None or not caller.may(capability, within=found.organisation):
        raise Told(403, "not-yours", "Your role or the token's scope allows nothing at this lending point.")
    return found


def open_point(slug: str) -> LendingPoint:
    """Give a lending point that anyone may borrow from. Raises Told."""
    found = LendingPoint.objects.select_related("organisation").filter(slug=slug, is_active=True).first()
    if found is None:
        raise Told(404, "no-such-point", "There is no such lending point; GET points lists them.")
    return found


def loan_for(caller: Caller, public_id: str) -> tuple[Loan, bool]:
    """Give a loan to its borrower or to the staff of its point, and whether staff asks. Raises Told."""
    found = loan_seen_by(
        caller.person, public_id, staff_may=lambda within: caller.may(Capability.LEND, within=within)
    )
    if found is None:
        raise Told(403, "not-yours", "This is not a loan of yours, nor of your lending points.")
    return found


def staff_loan(caller: Caller, public_id: str) -> Loan:
    """Give a loan to the staff of its point. Raises Told."""
    loan, is_staff = loan_for(caller, public_id)
    if not is_staff and not caller.may(Capability.LEND, within=loan.point.organisation):
        raise Told(403, "not-yours", "This act is for the staff of the lending point.")
    return loan


def hold_for(caller: Caller, pk: int) -> Hold:
    """Give a hold to who asked for it, or to staff who serve on behalf at its point. Raises Told."""
    hold = (
        Hold.objects.select_related("kit_model", "kit", "point__organisation", "person", "group")
        .filter(pk=pk)
        .first()
    )
    if hold is not None and (
        hold.person_id == caller.person.pk
        or caller.may(Capability.SERVE_ON_BEHALF, within=hold.point.organisation)
    ):
        return hold
    raise Told(403, "not-yours", "This is not a hold of yours, nor of your lending points.")


def person_at(mark: str, *, point: LendingPoint) -> Person:
    """Find who is served, by the code of a card, or by #id among those whom the point's organisation knows."""
    found = person_of(mark)
    if found is not None and mark.startswith("#"):
        found = known_to([point.organisation], among=Person.objects.filter(pk=found.pk)).first()
    if found is None:
        raise Told(404, "no-such-person", "No card or known person has this mark.")
    return found
