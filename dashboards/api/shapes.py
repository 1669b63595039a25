"""What the JSON API takes and gives, as types: its OpenAPI description is made of them."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from ninja import Field, Schema
from pydantic import AfterValidator

FIRST_YEAR, LAST_YEAR = 1970, 2200
MOST = 1000  # rows of an answer

Purpose = Literal["awareness", "study", "regulatory"]


def _instant(at: datetime) -> datetime:
    """Read a time without a zone as UTC; one that no reading can be of becomes the nearest that one could."""
    if at.year < FIRST_YEAR:
        return datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
    if at.year > LAST_YEAR:
        return datetime(LAST_YEAR, 12, 31, tzinfo=UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


Instant = Annotated[datetime, AfterValidator(_instant)]
PlaceId = Annotated[str, Field(pattern=r"^[0-9a-z]{1,20}$", examples=["2yhptf8h3mpj"])]
Quantity = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$", examples=["pm25"])]
InseeCode = Annotated[str, Field(pattern=r"^[0-9AB]{5}$", examples=["38185"])]
StationCode = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,20}$", examples=["FR15043"])]
Limit = Annotated[int, Field(ge=1, le=MOST)]
After = Annotated[
    str, Field(pattern=r"^[0-9A-Za-z_=-]{1,200}$", description="the `after` of the answer before")
]


class Problem(Schema):
    """Why a question has no answer."""

    detail: Any


class Page(Schema):
    """A page of rows; `next` is the address of the following one, null on the last."""

    next: str | None
    licence: str


class Quantities(Schema):
    """A quantity that is published."""

    quantity: str
    name: str
    name_en: str
    unit: str = Field(description="UCUM code")
    definition: str


class Place(Schema):
    """A place: where a lent sensor stands or stood, at the centre of a published cell."""

    place_id: str
    label: str
    kind: str
    purpose: str
    commune: str
    insee_code: str
    latitude: float = Field(description="degrees, WGS 84; centre of the published cell")
    longitude: float
    precision_m: int = Field(description="metres; side of the published cell")
    public_from: datetime
    public_until: datetime | None
    quantities: list[str]
    sensor_model: str
    simulated: bool
    page: str


class Places(Page):
    """A page of places."""

    places: list[Place]


class Hour(Schema):
    """One hourly value [interval_start, interval_end), in UTC."""

    place_id: str
    quantity: str
    variant: str
    channel: str
    unit: str
    interval_start: datetime
    interval_end: datetime
    raw_mean: float
    value: float | None = Field(description="corrected; null where nothing can be stated")
    expanded_uncertainty: float | None = Field(description="half width of the 95 % interval, k = 2")
    n: int
    coverage: float
    flags: list[str]
    grade: Literal["A", "B", "C", "D"]
    calibration_id: int | None
    second_calibration_id: int | None = Field(description="where two comparisons bracket the hour")
    provisional: bool
    latitude: float
    longitude: float
    precision_m: int
    simulated: bool


class Hours(Page):
    """A page of hours."""

    hours: list[Hour]


class Station(Schema):
    """A reference station."""

    station_code: str
    name: str
    operator: str
    siting: str
    influence: str
    latitude: float | None
    longitude: float | None
    quantities: list[str]
    simulated: bool
    page: str


class Stations(Page):
    """All reference stations."""

    stations: list[Station]


class ReferenceHour(Schema):
    """One hourly value of a reference station, under the licence of its source."""

    station_code: str
    quantity: str
    unit: str
    interval_start: datetime
    interval_end: datetime
    value: float
    validity: int = Field(description="EIONET observation validity, 1 to 4")
    provider: str
    simulated: bool


class ReferenceHours(Page):
    """A page of reference hours."""

    hours: list[ReferenceHour]


class ExplainedFigure(Schema):
    """A figure of a step."""

    name: str
    value: float | int | str | datetime | None
    unit: str


class ExplainedStep(Schema):
    """One of the six steps from message to published value."""

    number: int
    title: str
    sentence: str
    figures: list[ExplainedFigure]
    formulas: list[str]
    notes: list[str]


class Explanation(Schema):
    """One published number with its trail, computed again just now."""

    title: str
    summary: str
    is_reproduced: bool
    hour: Hour
    steps: list[ExplainedStep]
    page: str
