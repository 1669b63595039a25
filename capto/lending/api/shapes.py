"""What the lending API takes and gives, as types: its OpenAPI description is made of them."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Field, Header, Schema
from pydantic import ConfigDict

from capto.lending.api.problems import KEY_HEADER

_SAID = r"^[^\x00]*[^\x00\s][^\x00]*$"  # says something, and the database can hold it
Key = Annotated[
    UUID,
    Header(alias=KEY_HEADER, description="a UUID of your own, new for each act; the same one asks again"),
]
Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,80}$", examples=["mediatheque"])]
LoanId = Annotated[str, Field(pattern=r"^[0-9a-z]{1,20}$", examples=["2yhptf8h3mpj"])]
Number = Annotated[int, Field(ge=1, lt=2**31)]
Code = Annotated[
    str, Field(pattern=r"^[ -~]{1,40}$", description="the code of a label", examples=["K-7Q4M-T"])
]
Mark = Annotated[
    str, Field(pattern=r"^[ -~]{1,40}$", description="the code of a card, or #id", examples=["P-7Q4M-T"])
]
Reason = Annotated[str, Field(pattern=_SAID, max_length=200)]
Day = date


class _Asked(Schema):
    """What is asked; a field that nobody reads is refused rather than ignored."""

    model_config = ConfigDict(extra="forbid")


class Problem(Schema):
    """Why nothing was done (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str = Field(description="for programs: the name of the refusal")
    detail: str = Field(description="for people: what happened, as the desk says it")
    rule: str = Field("", description="the policy that decided, where one did")
    way_out: str = Field("", description="what to do now")
    can_be_overridden: bool = False
    errors: list[dict[str, Any]] = []


class Loan(Schema):
    """One kit with one borrower."""

    id: str
    kit: str
    kind: str
    point: str
    state: Literal["open", "returned", "checked", "lost", "cancelled"]
    lent_at: datetime
    due_on: date
    overdue: bool
    renewals: int
    returned_at: datetime | None
    by_post: bool
    posted_at: datetime | None
    arrived_at: datetime | None
    posted_back_at: datetime | None
    page: str


class Hold(Schema):
    """Someone asks for a kind of kit, for days."""

    id: int
    kind: str
    point: str
    state: Literal["waiting", "ready", "collected", "cancelled", "expired"]
    starts_on: date
    ends_on: date
    kit: str | None = Field(description="the kit put aside, once the hold is ready")
    collect_by: date | None
    rank: int | None = Field(description="place in the queue, while it waits")
    of: int | None
    why: list[str] = Field(description="what decided the rank, in words")


class _Answered(Schema):
    again: bool = Field(description="true where this key was answered before")


class LoanAnswer(_Answered):
    """A loan after an act."""

    loan: Loan


class HoldAnswer(_Answered):
    """A hold after an act."""

    hold: Hold


class Missing(Schema):
    """A part that is not in the box."""

    code: str
    name: str
    missing: int


class PartsAnswer(LoanAnswer):
    """A loan after its parts were counted."""

    missing: list[Missing]


class ProblemAnswer(_Answered):
    """A problem that was reported: its ticket, and whether it keeps the kit from its next loan."""

    ticket: int
    blocks_lending: bool
    loan: str | None


class UndoneAnswer(LoanAnswer):
    """What was undone."""

    undone: Literal["lend", "return"]


class Mine(Schema):
    """Own loans that are out and own holds that run."""

    loans: list[Loan]
    holds: list[Hold]


class Kind(Schema):
    """A kind of kit that is lent."""

    kind: str
    name: str


class Point(Schema):
    """A lending point."""

    point: str
    name: str
    organisation: str
    lends_by_post: bool


class FreeDay(Schema):
    """One day of the calendar."""

    day: date
    free: int = Field(description="kits that nobody has on this day")
    can_begin: bool = Field(description="a loan of the usual length can begin")
    is_open: bool
    waiting: int


class Free(Schema):
    """When a kind of kit is free at a point."""

    kind: str
    point: str
    loan_days: int
    days: list[FreeDay]


class AskHold(_Asked):
    """Days for a kind of kit; `person` where staff asks on behalf."""

    kind: Slug
    point: Slug
    starts_on: Day
    ends_on: Day
    person: Mark | None = None
    group: Number | None = None
    by_post: bool = False


class Lend(_Asked):
    """A kit for a person."""

    kit: Code
    person: Mark
    point: Slug
    group: Number | None = Field(None, description="a group that the person answers for")
    collected_by: Annotated[str, Field(pattern=r"^[^\x00]*$", max_length=200)] = Field(
        "", description="the adult who came, where it was not the person"
    )
    due_on: Day | None = None
    override: Reason | None = Field(None, description="the reason for lending against a rule, which is kept")


class Part(_Asked):
    """How many of a part lie in the box."""

    part: Code
    present: Annotated[int, Field(ge=0, lt=1000)]


class Return(_Asked):
    """A kit that comes back; with `parts` its checklist is counted, those not named being all there."""

    kit: Code
    point: Slug
    parts: list[Part] | None = None


class Count(_Asked):
    """A checklist: those not named are all there."""

    parts: list[Part] = []


class Extend(_Asked):
    """A later day; against the rule it needs a reason, which is kept."""

    until: Day
    override: Reason | None = None


class Swap(_Asked):
    """The other kit, and what is wrong with the first."""

    kit: Code
    reason: Reason


class Lost(_Asked):
    """What happened."""

    reason: Reason


class Report(_Asked):
    """What is wrong with a kit."""

    kind: Literal["silent", "damaged", "incomplete", "other"]
    text: Annotated[str, Field(pattern=r"^[^\x00]*$", max_length=2000)] = ""


class At(_Asked):
    """A lending point."""

    point: Slug


class Nothing(_Asked):
    """Nothing more is asked."""
