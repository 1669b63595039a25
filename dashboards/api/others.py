"""The address of the JSON API for sensors of other networks: each row says whose it is and under which licence."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Router, Schema

from dashboards import neighbours
from dashboards.api.shapes import Problem, Quantity

router = Router(tags=["other networks"])


class ForeignHour(Schema):
    """The latest hour of one sensor of another network, as it said it: nothing is corrected."""

    provider: str
    licence: str = Field(description="as the provider states it; it is not that of our data")
    licence_url: str
    sensor_id: str = Field(description="its number in that network")
    sensor_model: str
    latitude: float
    longitude: float
    quantity: str
    variant: str
    interval_start: datetime
    interval_end: datetime
    value: float = Field(description="mean of what was said in the hour")
    n: int
    grade: str = Field(description="D unless the sensor was compared with a station here")
    expanded_uncertainty: float | None
    simulated: bool


class ForeignHours(Schema):
    """What sensors of other networks say now."""

    hours: list[ForeignHour]


@router.get("/others", response={200: ForeignHours, 422: Problem, 429: Problem})
def others(request: HttpRequest, quantity: Quantity = "pm25") -> Any:
    """Give the latest hour of each sensor of other networks; they are in no file and no mean of ours."""
    return {
        "hours": [
            {
                "provider": one.provider, "licence": one.licence, "licence_url": one.licence_url,
                "sensor_id": one.key, "sensor_model": one.model, "latitude": one.latitude,
                "longitude": one.longitude, "quantity": quantity, "variant": one.variant,
                "interval_start": one.hour, "interval_end": one.hour + timedelta(hours=1), "value": one.value,
                "n": one.n, "grade": one.grade, "expanded_uncertainty": one.uncertainty,
                "simulated": one.is_simulated,
            }
            for one in neighbours.foreign_now(quantity, now=timezone.now())
        ]
    }  # fmt: skip
