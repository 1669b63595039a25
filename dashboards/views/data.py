"""The documentation of the open data, and the files themselves."""

import re
from collections.abc import Generator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from capto.readings.models import ReferenceStation
from dashboards.models import PublishedHour, PublishedSeries
from dashboards.open_data.answers import MEDIA_TYPES, File, NotUnderstood, answer_with, open_to_all
from dashboards.open_data.csv import copy_as_csv
from dashboards.open_data.dictionary import HOURLY, REFERENCE
from dashboards.open_data.periods import NoPeriod, Period, period
from dashboards.open_data.pieces import rows_as_csv
from dashboards.open_data.sources import HOURS, REFERENCE_HOURS, SOURCES, Parameter, Source
from dashboards.views.withdrawals import gone_file


def data(request: HttpRequest) -> HttpResponse:
    """Document the open data: examples first, then the dictionary."""
    now = timezone.now()
    latest = PublishedHour.objects.latest_hour(now=now)
    place = PublishedSeries.objects.standing(now=now).order_by("public_id").first()
    day = ((latest or now).astimezone(UTC) - timedelta(days=1)).date()
    context = {
        "hourly_columns": HOURLY,
        "reference_columns": REFERENCE,
        "sources": [source for source in SOURCES.values() if source not in (HOURS, REFERENCE_HOURS)],
        "day": day.isoformat(),
        "month": f"{day:%Y-%m}",
        "example_place": place.public_id if place else "",
        "reads_per_minute": settings.READS_PER_MINUTE,
        "files_per_minute": settings.FILES_PER_MINUTE,
        "site_url": f"{request.scheme}://{request.get_host()}",
    }
    return render(request, "dashboards/data.html", context)


@open_to_all
def hourly_csv(request: HttpRequest) -> HttpResponseBase:
    """Stream every public hour of one UTC day, named in the question."""
    try:
        day = date.fromisoformat(request.GET.get("date", ""))
    except ValueError:
        raise NotUnderstood(
            _("Indiquez un jour sous la forme date=AAAA-MM-JJ, par exemple /data/hourly.csv?date=2026-11-20.")
        ) from None
    if not 1970 <= day.year <= 2200:
        raise NotUnderstood(_("Aucune mesure ne peut dater de ce jour : indiquez une année de 1970 à 2200."))
    start = datetime.combine(day, time(), tzinfo=UTC)
    condition = "hour >= %s AND hour < %s"
    return _file(request, HOURS, condition, (start, start + timedelta(days=1)), stem=f"capto-hourly-{day}")


@open_to_all
def period_file(request: HttpRequest, source: str, name: str, extension: str) -> HttpResponseBase:
    """Give the rows of a source in a period, for all places."""
    try:
        wanted = period(name)
    except NoPeriod:
        raise NotUnderstood(
            _("Nommez la période ainsi : 2026-11-20, 2026-11, 2026 ou all, et le format : csv ou parquet.")
        ) from None
    known = _source(source)
    condition, parameters = wanted.condition(known.time)
    return _file(
        request,
        known,
        condition,
        parameters,
        stem=f"capto-{source}-{name}",
        extension=extension,
        whole=wanted,
    )


@open_to_all
def place_file(
    request: HttpRequest, public_id: str, source: str = "hourly", extension: str = "csv"
) -> HttpResponseBase:
    """Give the public rows of one place: `quantity`, `variant`, `channel`, `from` and `to` narrow them."""
    known = _source(source)
    if known is REFERENCE_HOURS:
        raise Http404
    if not PublishedSeries.objects.filter(public_id=public_id).exists():
        return gone_file(public_id)
    condition, parameters = _narrowed(request, known, public_id)
    for name in ("variant", "channel"):
        if wanted := request.GET.get(name):
            condition, parameters = f"{condition} AND published.{name} = %s", [*parameters, wanted]
    stem = f"capto-{public_id}" if source == "hourly" else f"capto-{public_id}-{source}"
    return _file(request, known, condition, parameters, stem=stem, extension=extension)


@open_to_all
def station_file(request: HttpRequest, code: str, extension: str = "csv") -> HttpResponseBase:
    """Give the hours of one reference station, under the licence of their source.

    `quantity`, `from` and `to` narrow them; `provider` and `discriminant` to one analyser, `validity` to what is
    at least so valid.
    """
    if not ReferenceStation.objects.filter(code=code).exists():
        raise Http404
    condition, parameters = _narrowed(request, REFERENCE_HOURS, code)
    for name in ("provider", "discriminant"):
        if name in request.GET:
            condition, parameters = (
                f"{condition} AND series.{name} = %s",
                [*parameters, request.GET[name]],
            )
    if least := request.GET.get("validity"):
        if not re.fullmatch(r"-?[0-9]{1,2}", least):
            raise NotUnderstood(_("Écrivez la validité comme un nombre entier, par exemple validity=1."))
        condition, parameters = f"{condition} AND validity >= %s", [*parameters, int(least)]
    return _file(request, REFERENCE_HOURS, condition, parameters, stem=f"station-{code}", extension=extension)


def _source(name: str) -> Source:
    if name not in SOURCES:
        raise Http404
    return SOURCES[name]


def _narrowed(request: HttpRequest, source: Source, place: str) -> tuple[str, list[Parameter]]:
    """Give the condition of a place with the quantity and the period that the address asks for."""
    condition = f"{source.place} = %s"
    parameters: list[Parameter] = [place]
    if wanted := request.GET.get("quantity"):
        condition, parameters = f"{condition} AND {source.quantity} = %s", [*parameters, wanted]
    for name, sign in (("from", ">="), ("to", "<")):
        if written := request.GET.get(name):
            condition, parameters = (
                f"{condition} AND {source.time} {sign} %s",
                [*parameters, instant(written)],
            )
    return condition, parameters


def instant(written: str) -> datetime:
    """Read a time of an address: 2026-11-20, 2026-11-20T08Z or 2026-11-20T08:00:00Z, always in UTC."""
    try:
        at = datetime.fromisoformat(written.replace(" ", "+"))
    except ValueError:
        raise NotUnderstood(_("Écrivez les instants ainsi : 2026-11-20 ou 2026-11-20T08:00:00Z.")) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _file(
    request: HttpRequest,
    source: Source,
    condition: str,
    parameters: Sequence[Parameter],
    *,
    stem: str,
    extension: str = "csv",
    whole: Period | None = None,
) -> HttpResponseBase:
    """Answer with the rows that meet a condition, in the format that the extension of the address names.

    CSV is streamed as the database gives it. Parquet is read from its end, and a Range asks for a part: such a
    file is made on disk first, unless it is longer than a month. `whole` is the period of which all rows are wanted.
    """
    is_long = whole is not None and whole.is_long
    if whole is not None and is_long and source.is_noted:
        changed_at, mark = source.noted_state(whole.start, whole.end)
    else:
        changed_at, mark = source.state(condition, parameters, is_long=is_long)
    is_parquet = extension == "parquet"

    def make() -> Generator[bytes]:
        rows = rows_as_csv(source, whole) if whole else copy_as_csv(source.query(condition), parameters)
        if not is_parquet:
            return rows
        from dashboards.open_data.parquet import as_parquet, schema  # 30 MB: only who asks for Parquet

        return as_parquet(rows, columns=schema(source.columns))

    return answer_with(
        request,
        File(
            name=f"{stem}.{extension}",
            media_type=MEDIA_TYPES[extension],
            mark=f"{mark}-{extension}" if is_parquet else mark,
            changed_at=changed_at,
            licence=source.licence,
            make=make,
            is_kept=not is_long and (is_parquet or "Range" in request.headers),
        ),
    )
