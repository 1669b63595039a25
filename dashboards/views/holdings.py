"""What describes the open data: its catalogue, its data package, its releases."""

from hashlib import md5

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import http_date, quote_etag
from django.utils.translation import gettext as _

import calibration
from dashboards.models import Release
from dashboards.open_data import holdings
from dashboards.open_data.answers import (
    FOREVER_SECONDS,
    FRESH_SECONDS,
    MEDIA_TYPES,
    NotUnderstood,
    from_disk,
    open_to_all,
)
from dashboards.open_data.catalogue import Service, catalogue
from dashboards.open_data.package import descriptor
from dashboards.open_data.periods import NoPeriod, period
from dashboards.open_data.sources import SOURCES

SERIALISATIONS = {
    "jsonld": ("json-ld", "application/ld+json"),
    "ttl": ("turtle", "text/turtle; charset=utf-8"),
    "rdf": ("xml", "application/rdf+xml"),
}
RELEASE_TYPES = MEDIA_TYPES | {"json": "application/json", "SHA256SUMS": "text/plain; charset=utf-8"}


@open_to_all
def catalog(request: HttpRequest, extension: str) -> HttpResponseBase:
    """Give the catalogue in DCAT-AP 3, as JSON-LD, Turtle or RDF/XML."""
    written, media_type = SERIALISATIONS[extension]
    now = timezone.now().replace(
        minute=0, second=0, microsecond=0
    )  # within the hour the catalogue is the same
    licences, downloads = holdings.licences(now=now), holdings.downloads()
    extents, modified = holdings.extents(now=now), holdings.modified(now=now)
    graph = catalogue(
        list(SOURCES.values()),
        licences=licences,
        downloads=downloads,
        extents=extents,
        modified=modified,
        services=_services(),
        now=now,
    )
    answer = HttpResponse(graph.serialize(format=written), content_type=media_type)
    # Nodes without a name are named anew at each writing: the same graph, not the same bytes.
    told = ([(name, licence.url) for name, licence in licences.items()], downloads, extents, modified, now)
    answer["ETag"] = f'W/"{md5(repr(told).encode(), usedforsecurity=False).hexdigest()}"'
    patch_cache_control(answer, public=True, max_age=FRESH_SECONDS)
    return answer


def _services() -> list[Service]:
    site = settings.SITE_URL
    return [
        Service(
            "sensorthings", "Capto : SensorThings API 1.1", "Capto: SensorThings API 1.1",
            f"{site}/api/sta/v1.1", f"{site}/api/sta/v1.1",
            "http://www.opengis.net/spec/iot_sensing/1.1/conf/core",
        ),
        Service(
            "api", "Capto : API JSON", "Capto: JSON API", f"{site}/api/v1/", f"{site}/api/v1/openapi.json",
            "https://spec.openapis.org/oas/v3.1.0",
        ),
    ]  # fmt: skip


@open_to_all
def data_package(request: HttpRequest) -> HttpResponseBase:
    """Describe the files of a period, by default of the last whole day, as a data package."""
    now = timezone.now()
    name = request.GET.get("period") or holdings.last_whole_day(now=now).isoformat()
    try:
        period(name)
    except NoPeriod:
        raise NotUnderstood(_("Nommez la période ainsi : 2026-11-20, 2026-11, 2026 ou all.")) from None
    package = descriptor(
        name,
        list(SOURCES.values()),
        licences=holdings.licences(now=now),
        path_of=lambda source: f"{source.name}/{name}.csv",
        made_at=now.replace(minute=0, second=0),
        version=calibration.CODE_VERSION,
        homepage=f"{settings.SITE_URL}/data/datapackage.json?period={name}",
    )
    answer = JsonResponse(package, json_dumps_params={"ensure_ascii": False, "indent": 2})
    patch_cache_control(answer, public=True, max_age=FRESH_SECONDS)
    return answer


def releases(request: HttpRequest) -> HttpResponse:
    """List the releases, the latest first."""
    found = list(Release.objects.order_by("-period", "-version")[:500])
    return render(request, "dashboards/releases.html", {"releases": found})


@open_to_all
def release_file(request: HttpRequest, name: str, version: int, file_name: str) -> HttpResponseBase:
    """Give a file of a release, which never changes; its parts can be asked for."""
    release = Release.objects.filter(period=name, version=version).first()
    if release is None or file_name not in release.files:
        raise Http404
    etag = quote_etag(release.files[file_name]["sha256"])
    modified = int(release.made_at.timestamp())
    extension = file_name.rsplit(".", 1)[-1]
    answer: HttpResponseBase = get_conditional_response(
        request, etag=etag, last_modified=modified
    ) or from_disk(
        request, release.folder / file_name, etag=etag, modified=modified, media_type=RELEASE_TYPES[extension]
    )
    answer["ETag"] = etag
    answer["Last-Modified"] = http_date(modified)
    answer["Link"] = f'<{settings.SITE_URL}/data/releases/{release}/datapackage.json>; rel="describedby"'
    patch_cache_control(answer, public=True, immutable=True, max_age=FOREVER_SECONDS)
    return answer
