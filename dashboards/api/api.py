"""The addresses of the JSON API: each reads, asks one question of the database, and answers."""

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.cache import caches
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import override
from ninja import NinjaAPI, Query
from ninja.errors import HttpError
from ninja.throttling import AnonRateThrottle

from calibration import flags as vocabulary
from calibration.grades import PURPOSES
from capto.catalogue.models import ObservedProperty
from capto.readings.models import ReferenceSeries, ReferenceStation, ReferenceValue
from dashboards.api import others, shapes
from dashboards.api.shapes import (
    After,
    InseeCode,
    Instant,
    Limit,
    PlaceId,
    Problem,
    Purpose,
    Quantity,
    StationCode,
)
from dashboards.models import PublishedHour, PublishedSeries
from dashboards.open_data.licences import LICENCE_OUVERTE, ODBL

HOUR = timedelta(hours=1)
RATE = "1200/m"  # of one address and web process; a person never meets it, a runaway loop does
FRESH_SECONDS = 60
DEFAULT_LIMIT = 100


class OpenAPI(NinjaAPI):
    """An API that any site may read."""

    def create_response(self, request: HttpRequest, data: Any, **kwargs: Any) -> HttpResponse:
        """Add who may read it and for how long."""
        answer = super().create_response(request, data, **kwargs)
        answer["Access-Control-Allow-Origin"] = "*"
        if answer.status_code == 200:
            answer["Cache-Control"] = f"public, max-age={FRESH_SECONDS}"
        return answer


class Throttle(AnonRateThrottle):
    """Counts in the memory of the process: a reading costs no writing."""

    cache = caches["limits"]


throttle = Throttle(RATE)
api = OpenAPI(
    title="Capto",
    version="1",
    description=(
        "Hourly values of lent air-quality sensors with their uncertainty, grade and provenance. Times are UTC;"
        " an hour is named by its start. Values under ODbL 1.0, reference stations under Licence Ouverte 2.0."
    ),
    urls_namespace="api-v1",
    docs_url=None,
    throttle=[throttle],
    servers=[{"url": "/", "description": "this site"}],
)


api.add_router("", others.router)


def description(request: HttpRequest) -> HttpResponse:
    """Give the OpenAPI description, to be read from any site."""
    return api.create_response(request, api.get_openapi_schema(), status=200)


REFUSALS = {404: Problem, 422: Problem, 429: Problem}


@api.get(
    "/quantities", response={200: list[shapes.Quantities], 422: Problem, 429: Problem}, tags=["catalogue"]
)
def quantities(request: HttpRequest) -> Any:
    """List the quantities that are published, with their units."""
    published = PublishedSeries.objects.values("property_id")
    found = ObservedProperty.objects.filter(code__in=published).order_by("code")
    return [
        {"quantity": one.code, "name": one.name, "name_en": one.name_en, "unit": one.unit, "definition": one.definition}
        for one in found
    ]  # fmt: skip


@api.get("/places", response={200: shapes.Places, **REFUSALS}, tags=["catalogue"])
def places(
    request: HttpRequest,
    insee_code: InseeCode | None = None,
    quantity: Quantity | None = None,
    limit: Limit = DEFAULT_LIMIT,
    after: After | None = None,
) -> Any:
    """List the places, those that stand and those that stood."""
    wanted = PublishedSeries.objects.exclude(purpose="co_location")
    if insee_code:
        wanted = wanted.filter(insee_code=insee_code)
    if quantity:
        wanted = wanted.filter(property_id=quantity)
    if after:
        wanted = wanted.filter(public_id__gt=_text(_key(after, 1)[0]))
    ids = list(wanted.order_by("public_id").values_list("public_id", flat=True).distinct()[: limit + 1])
    more, ids = len(ids) > limit, ids[:limit]
    asked = {"insee_code": insee_code, "quantity": quantity, "limit": limit}
    return {
        "next": _next(request, asked, [ids[-1]]) if more else None,
        "licence": ODBL.url,
        "places": _places(ids),
    }


@api.get("/places/{place_id}", response={200: shapes.Place, **REFUSALS}, tags=["catalogue"])
def place(request: HttpRequest, place_id: PlaceId) -> Any:
    """Give one place."""
    found = _places([place_id])
    if not found:
        raise HttpError(404, "there is no such place")
    return found[0]


def _places(ids: Sequence[str]) -> list[dict[str, Any]]:
    rows: dict[str, list[PublishedSeries]] = {}
    for series in (
        PublishedSeries.objects.filter(public_id__in=ids)
        .exclude(purpose="co_location")
        .select_related("sensor_model")
        .order_by("public_id", "-public_from", "property_id")
    ):
        rows.setdefault(series.public_id, []).append(series)
    return [_place(group) for group in rows.values()]


def _place(group: Sequence[PublishedSeries]) -> dict[str, Any]:
    latest = group[0]
    ends = [series.public_until for series in group]
    return {
        "place_id": latest.public_id, "label": latest.label, "kind": latest.kind, "purpose": latest.purpose,
        "commune": latest.commune, "insee_code": latest.insee_code, "latitude": latest.latitude,
        "longitude": latest.longitude, "precision_m": latest.precision_m,
        "public_from": min(series.public_from for series in group),
        "public_until": None if None in ends else max(end for end in ends if end is not None),
        "quantities": sorted({series.property_id for series in group}),
        "sensor_model": f"{latest.sensor_model.maker} {latest.sensor_model.name}",
        "simulated": latest.is_simulated, "page": f"{settings.SITE_URL}/lieu/{latest.public_id}/",
    }  # fmt: skip


@api.get("/latest", response={200: shapes.Hours, **REFUSALS}, tags=["values"])
def latest(
    request: HttpRequest,
    quantity: Quantity = "pm25",
    purpose: Purpose | None = None,
    limit: Limit = DEFAULT_LIMIT,
    after: After | None = None,
) -> Any:
    """Give for each place its one latest hour of a quantity, not older than three hours."""
    now = timezone.now()
    wanted = PublishedHour.objects.now(quantity=quantity, now=now)
    rows = [hour for hour in wanted.select_related("property") if _serves(hour.grade, purpose)]
    if after:
        last = _text(_key(after, 1)[0])
        rows = [hour for hour in rows if hour.public_id > last]
    more, rows = len(rows) > limit, rows[:limit]
    asked = {"quantity": quantity, "purpose": purpose, "limit": limit}
    return {
        "next": _next(request, asked, [rows[-1].public_id]) if more else None,
        "licence": ODBL.url,
        "hours": [_hour(hour) for hour in rows],
    }


def _serves(grade: str, purpose: str | None) -> bool:
    return purpose is None or purpose in PURPOSES[grade]


@api.get("/hourly", response={200: shapes.Hours, **REFUSALS}, tags=["values"])
def hourly(
    request: HttpRequest,
    place_id: PlaceId | None = None,
    quantity: Quantity | None = None,
    from_: Annotated[Instant | None, Query(alias="from")] = None,
    to: Instant | None = None,
    purpose: Purpose | None = None,
    limit: Limit = DEFAULT_LIMIT,
    after: After | None = None,
) -> Any:
    """Give published hours in the order of time; `purpose` leaves out grades that do not serve it.

    Without a place or a period, the hours of the last day.
    """
    wanted = PublishedHour.objects.all()
    if place_id:
        if not PublishedSeries.objects.filter(public_id=place_id).exists():
            raise HttpError(404, "there is no such place")
        wanted = wanted.filter(public_id=place_id)
    elif from_ is None and to is None:
        from_ = (timezone.now() - timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    if quantity:
        wanted = wanted.filter(property_id=quantity)
    if from_:
        wanted = wanted.filter(hour__gte=from_)
    if to:
        wanted = wanted.filter(hour__lt=to)
    if purpose:
        wanted = wanted.filter(grade__in=[grade for grade, serves in PURPOSES.items() if purpose in serves])
    if after:
        at, series = _key(after, 2)
        wanted = wanted.filter(Q(hour__gt=_time(at)) | Q(hour=_time(at), series_id__gt=_whole(series)))
    rows = list(wanted.select_related("property").order_by("hour", "series_id")[: limit + 1])
    more, rows = len(rows) > limit, rows[:limit]
    asked = {
        "place_id": place_id, "quantity": quantity, "from": from_ and _written(from_), "to": to and _written(to),
        "purpose": purpose, "limit": limit,
    }  # fmt: skip
    return {
        "next": _next(request, asked, [_written(rows[-1].hour), rows[-1].series_id]) if more else None,
        "licence": ODBL.url,
        "hours": [_hour(hour) for hour in rows],
    }


def _hour(hour: PublishedHour) -> dict[str, Any]:
    return {
        "place_id": hour.public_id, "quantity": hour.property_id, "variant": hour.variant, "channel": hour.channel,
        "unit": hour.property.unit, "interval_start": hour.hour, "interval_end": hour.hour + HOUR,
        "raw_mean": hour.raw_mean, "value": hour.value, "expanded_uncertainty": hour.expanded_uncertainty,
        "n": hour.n, "coverage": hour.coverage, "flags": list(vocabulary.names(hour.flags)), "grade": hour.grade,
        "calibration_id": hour.calibration_id, "second_calibration_id": hour.second_calibration_id,
        "provisional": hour.is_provisional, "latitude": hour.latitude,
        "longitude": hour.longitude, "precision_m": hour.precision_m, "simulated": hour.is_simulated,
    }  # fmt: skip


@api.get("/stations", response={200: shapes.Stations, 422: Problem, 429: Problem}, tags=["catalogue"])
def stations(request: HttpRequest) -> Any:
    """List the reference stations."""
    measured: dict[int, set[str]] = {}
    for station_id, code in ReferenceSeries.objects.filter(licence="lov2").values_list(
        "station_id", "property_id"
    ):
        measured.setdefault(station_id, set()).add(code)
    return {
        "next": None,
        "licence": LICENCE_OUVERTE.url,
        "stations": [
            {
                "station_code": one.code, "name": one.name, "operator": one.operator, "siting": one.siting,
                "influence": one.influence, "latitude": one.latitude, "longitude": one.longitude,
                "quantities": sorted(measured.get(one.pk, ())), "simulated": one.is_simulated,
                "page": f"{settings.SITE_URL}/station/{one.code}/",
            }
            for one in ReferenceStation.objects.order_by("code")
        ],
    }  # fmt: skip


@api.get(
    "/stations/{station_code}/hourly", response={200: shapes.ReferenceHours, **REFUSALS}, tags=["values"]
)
def station_hourly(
    request: HttpRequest,
    station_code: StationCode,
    quantity: Quantity | None = None,
    from_: Annotated[Instant | None, Query(alias="from")] = None,
    to: Instant | None = None,
    limit: Limit = DEFAULT_LIMIT,
    after: After | None = None,
) -> Any:
    """Give the hours of a reference station under Licence Ouverte, in the order of time."""
    station = ReferenceStation.objects.filter(code=station_code).first()
    if station is None:
        raise HttpError(404, "there is no such station")
    series = {
        one.pk: one
        for one in ReferenceSeries.objects.filter(station=station, licence="lov2").select_related("property")
        if quantity is None or one.property_id == quantity
    }
    wanted = ReferenceValue.objects.filter(series_id__in=series)
    if from_:
        wanted = wanted.filter(hour__gte=from_)
    if to:
        wanted = wanted.filter(hour__lt=to)
    if after:
        at, known = _key(after, 2)
        wanted = wanted.filter(Q(hour__gt=_time(at)) | Q(hour=_time(at), series_id__gt=_whole(known)))
    rows = list(wanted.order_by("hour", "series_id")[: limit + 1])
    more, rows = len(rows) > limit, rows[:limit]
    asked = {
        "quantity": quantity,
        "from": from_ and _written(from_),
        "to": to and _written(to),
        "limit": limit,
    }
    return {
        "next": _next(request, asked, [_written(rows[-1].hour), rows[-1].series_id]) if more else None,
        "licence": LICENCE_OUVERTE.url,
        "hours": [
            {
                "station_code": station.code, "quantity": series[row.series_id].property_id,
                "unit": series[row.series_id].property.unit, "interval_start": row.hour,
                "interval_end": row.hour + HOUR, "value": row.value, "validity": row.validity,
                "provider": series[row.series_id].provider, "simulated": station.is_simulated,
            }
            for row in rows
        ],
    }  # fmt: skip


@api.get("/explain", response={200: shapes.Explanation, **REFUSALS}, tags=["values"])
def explain(
    request: HttpRequest, place_id: PlaceId, quantity: Quantity, hour: Instant, lang: str = "fr"
) -> Any:
    """Explain one published number in six steps, from the message to the value, computed again."""
    shown = PublishedHour.objects.explained(place_id, quantity=quantity, hour=hour)
    if shown is None:
        raise HttpError(404, "nothing is published for this place, quantity and hour")
    with override("en" if lang == "en" else "fr"):
        from capto.validation import provenance  # pandas: only who asks for an explanation

        found = provenance.explain(shown.series_id, shown.hour)
        steps = [
            {
                "number": step.number, "title": step.title, "sentence": step.sentence,
                "figures": [vars(figure) for figure in step.figures], "formulas": list(step.formulas),
                "notes": list(step.notes),
            }
            for step in found.steps
        ]  # fmt: skip
    at = shown.hour.astimezone(UTC)
    return {
        "title": found.title, "summary": found.summary, "is_reproduced": found.is_reproduced, "hour": _hour(shown),
        "steps": steps, "page": f"{settings.SITE_URL}/lieu/{place_id}/{quantity}/{at:%Y-%m-%dT%HZ}/",
    }  # fmt: skip


# --- pages by key ----------------------------------------------------------------------------------


def _next(request: HttpRequest, asked: dict[str, Any], key: Sequence[Any]) -> str:
    kept = {name: value for name, value in asked.items() if value is not None}
    token = base64.urlsafe_b64encode(json.dumps(list(key)).encode()).decode()
    return request.build_absolute_uri(f"{request.path}?{urlencode({**kept, 'after': token})}")


def _key(token: str, length: int) -> list[Any]:
    try:
        found = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, binascii.Error):
        found = None
    if not isinstance(found, list) or len(found) != length:
        raise HttpError(404, "there is no page after this: `after` is that of an answer of this address")
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise HttpError(404, "there is no page after this: `after` is that of an answer of this address")
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or abs(value) >= 2**62:
        raise HttpError(404, "there is no page after this: `after` is that of an answer of this address")
    return value


def _time(value: Any) -> datetime:
    try:
        at = datetime.fromisoformat(_text(value))
    except ValueError:
        raise HttpError(
            404, "there is no page after this: `after` is that of an answer of this address"
        ) from None
    if at.tzinfo is None or not shapes.FIRST_YEAR <= at.year <= shapes.LAST_YEAR:
        raise HttpError(404, "there is no page after this: `after` is that of an answer of this address")
    return at


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
