"""The documentation of the open data, and the files themselves."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import wraps

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import http_date
from django.utils.translation import gettext as _

from capto.readings.models import ReferenceStation
from dashboards.models import PublishedHour, PublishedSeries
from dashboards.open_data.csv import HOURS, REFERENCE_HOURS, Parameter, Source, begun, copy_as_csv
from dashboards.open_data.dictionary import HOURLY, REFERENCE

FRESH_SECONDS = 60  # a reader may reuse a file for so long before asking whether it changed

View = Callable[..., HttpResponseBase]


class NotUnderstood(ValueError):
    """What was asked cannot be answered, said in one plain sentence."""


def open_to_all(view: View) -> View:
    """Let any page of any site read the answer; what is not understood is answered by its sentence."""

    @wraps(view)
    def opened(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        answer: HttpResponseBase
        if request.method == "OPTIONS":
            answer = HttpResponse(status=204)
            answer["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
            answer["Access-Control-Allow-Headers"] = "If-None-Match, If-Modified-Since, Range"
        elif request.method in {"GET", "HEAD"}:
            try:
                if any("\0" in value for value in request.GET.values()):
                    raise NotUnderstood(_("L’adresse contient un signe qui n’est pas un caractère."))
                answer = view(request, *args, **kwargs)
            except NotUnderstood as error:
                answer = _plain(str(error), status=400)
        else:
            answer = _plain(_("Ces données se lisent ; rien ne s’y écrit."), status=405)
            answer["Allow"] = "GET, HEAD, OPTIONS"
        answer["Access-Control-Allow-Origin"] = "*"
        answer["Access-Control-Expose-Headers"] = "ETag, Last-Modified, Link, Content-Disposition"
        return answer

    return opened


def _plain(sentence: str, *, status: int) -> HttpResponse:
    return HttpResponse(sentence + "\n", status=status, content_type="text/plain; charset=utf-8")


def data(request: HttpRequest) -> HttpResponse:
    """Document the open data: examples first, then the dictionary."""
    now = timezone.now()
    latest = PublishedHour.objects.latest_hour(now=now)
    place = PublishedSeries.objects.standing(now=now).order_by("public_id").first()
    day = ((latest or now).astimezone(UTC) - timedelta(days=1)).date()
    context = {
        "hourly_columns": HOURLY,
        "reference_columns": REFERENCE,
        "day": day.isoformat(),
        "example_place": place.public_id if place else "",
        "site_url": f"{request.scheme}://{request.get_host()}",
    }
    return render(request, "dashboards/data.html", context)


@open_to_all
def hourly_csv(request: HttpRequest) -> HttpResponseBase:
    """Stream every public hour of one UTC day."""
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
    return _file(
        request, HOURS, condition, (start, start + timedelta(days=1)), name=f"capto-hourly-{day}.csv"
    )


@open_to_all
def place_csv(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Stream the public hours of one place: `quantity`, `variant`, `from` and `to` narrow them."""
    if not PublishedSeries.objects.filter(public_id=public_id).exists():
        raise Http404
    condition, parameters = _narrowed(
        request, ("public_id = %s", [public_id]), quantity="published.property_id"
    )
    if variant := request.GET.get("variant"):
        condition, parameters = f"{condition} AND variant = %s", [*parameters, variant]
    return _file(request, HOURS, condition, parameters, name=f"capto-{public_id}.csv")


@open_to_all
def station_csv(request: HttpRequest, code: str) -> HttpResponseBase:
    """Stream the hours of one reference station, under the licence of their source."""
    if not ReferenceStation.objects.filter(code=code).exists():
        raise Http404
    condition, parameters = _narrowed(request, ("station.code = %s", [code]), quantity="series.property_id")
    return _file(request, REFERENCE_HOURS, condition, parameters, name=f"station-{code}.csv")


def _narrowed(
    request: HttpRequest, subject: tuple[str, list[Parameter]], *, quantity: str
) -> tuple[str, list[Parameter]]:
    """Add to a condition the quantity and the period that the address asks for."""
    condition, parameters = subject
    if wanted := request.GET.get("quantity"):
        condition, parameters = f"{condition} AND {quantity} = %s", [*parameters, wanted]
    for name, sign in (("from", ">="), ("to", "<")):
        if written := request.GET.get(name):
            condition, parameters = f"{condition} AND hour {sign} %s", [*parameters, _instant(written)]
    return condition, parameters


def _instant(written: str) -> datetime:
    """Read a time of an address: 2026-11-20, 2026-11-20T08Z or 2026-11-20T08:00:00Z, always in UTC."""
    try:
        at = datetime.fromisoformat(written.replace(" ", "+"))
    except ValueError:
        raise NotUnderstood(_("Écrivez les instants ainsi : 2026-11-20 ou 2026-11-20T08:00:00Z.")) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _file(
    request: HttpRequest, source: Source, condition: str, parameters: Sequence[Parameter], *, name: str
) -> HttpResponseBase:
    """Answer with a file, or that it has not changed."""
    changed_at, mark = source.state(condition, parameters)
    etag = f'"{mark}"'
    modified = int(changed_at.timestamp()) if changed_at else None
    unchanged = get_conditional_response(request, etag=etag, last_modified=modified)
    answer: HttpResponseBase
    if unchanged is not None:
        answer = unchanged
    elif request.method == "HEAD":
        answer = StreamingHttpResponse(
            (), content_type="text/csv; charset=utf-8"
        )  # no length: it is not known
    else:
        blocks = begun(copy_as_csv(source.query(condition), parameters))
        answer = StreamingHttpResponse(blocks, content_type="text/csv; charset=utf-8")
    answer["ETag"] = etag
    if modified is not None:
        answer["Last-Modified"] = http_date(modified)
    answer["Link"] = f'<{source.licence}>; rel="license", <{settings.SITE_URL}/data/>; rel="describedby"'
    answer["Content-Disposition"] = f'inline; filename="{name}"'
    patch_cache_control(answer, public=True, max_age=FRESH_SECONDS)
    return answer
