"""The service at /api/sta/v1.1: reads only, open to every site, errors as JSON that says what is wrong."""

import json
from collections.abc import Callable
from functools import wraps
from hashlib import md5
from typing import Any

from django.conf import settings
from django.db import DataError, OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.translation import override

from dashboards.limits import seconds_to_wait
from dashboards.sensorthings.entities import ENTITIES
from dashboards.sensorthings.errors import BadRequest, NotOffered, NotThere, TooLong
from dashboards.sensorthings.options import Options, options_of
from dashboards.sensorthings.paths import Found, follow
from dashboards.sensorthings.reading import Reader

FRESH_SECONDS = 30
PATIENCE_MS = 20_000  # a question that takes longer is given up, and says so
LONGEST_ADDRESS = 8_000
NARROW = "this question takes too long: narrow it to a datastream, or to a time by phenomenonTime ge ... and lt ..."
PREFIX = "/api/sta/v1.1"
SPEC = "http://www.opengis.net/spec/iot_sensing/1.1"
CONFORMANCE = [
    f"{SPEC}/req/datamodel",
    *(f"{SPEC}/req/datamodel/{part}" for part in (
        "thing", "location", "historical-location", "datastream", "sensor", "observed-property", "observation",
        "feature-of-interest", "entity-control-information",
    )),
    f"{SPEC}/req/resource-path/resource-path-to-entities",
    f"{SPEC}/req/request-data",
    "http://www.opengis.net/spec/iot_sensing/1.1/req/uri-components/query",
]  # fmt: skip

View = Callable[..., HttpResponse]


def answering(view: View) -> View:
    """Answer in French words whatever the reader's language, and turn what cannot be answered into its status."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "OPTIONS":
            answer = HttpResponse(status=204)
            answer["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
            answer["Access-Control-Allow-Headers"] = "If-None-Match, Content-Type, Accept"
        elif request.method not in {"GET", "HEAD"}:
            answer = _error(405, "this service is read, nothing is written here")
            answer["Allow"] = "GET, HEAD, OPTIONS"
        elif wait := seconds_to_wait(request, what="sta", per_minute=settings.READS_PER_MINUTE):
            answer = _error(429, f"too many questions from this address in one minute: wait {wait} s")
            answer["Retry-After"] = str(wait)
        else:
            answer = _read(view, request, *args, **kwargs)
        answer["Access-Control-Allow-Origin"] = "*"
        return answer

    return answered


def _read(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    try:
        if len(request.get_full_path()) > LONGEST_ADDRESS or "\0" in request.get_full_path():
            raise BadRequest("the address is too long or holds what is no character")
        if any("\0" in value for value in request.GET.values()):
            raise BadRequest("the address holds what is no character")
        with transaction.atomic(), override("fr"):
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = {PATIENCE_MS}")
            answer = view(request, *args, **kwargs)
        patch_cache_control(answer, public=True, max_age=FRESH_SECONDS)
        etag = f'"{md5(answer.content, usedforsecurity=False).hexdigest()}"'
        answer = get_conditional_response(request, etag=etag, response=answer) or answer
        answer["ETag"] = etag
    except BadRequest as error:
        answer = _error(400, str(error))
    except NotThere as error:
        answer = _error(404, f"not found: {error}")
    except NotOffered as error:
        answer = _error(501, str(error))
    except DataError:  # a number or a time that the database cannot hold, a division that has no result
        answer = _error(400, "a value in the address is out of range")
    except OperationalError as error:
        if "statement timeout" not in str(error):
            raise
        answer = _error(503, NARROW)
    except TooLong:
        answer = _error(503, NARROW)
    return answer


@answering
def root(request: HttpRequest) -> HttpResponse:
    """List the entity sets and what of the standard is met."""
    base = _root(request)
    return _json(
        {
            "value": [{"name": name, "url": f"{base}/{name}"} for name in ENTITIES],
            "serverSettings": {"conformance": CONFORMANCE},
        }
    )


@answering
def resource(request: HttpRequest, path: str) -> HttpResponse:
    """Answer what a path leads to."""
    reader = Reader(_root(request))
    found = follow(path, reader)
    pairs = [(name, value) for name in request.GET for value in request.GET.getlist(name)]
    options = options_of(pairs, found.entity)
    if found.kind in {"collection", "references"}:
        address = f"{reader.root}/{path.strip('/').removesuffix('/$ref')}"
        if found.kind == "references":
            return _json(reader.references(found.scope, options, address=address))
        return _json(reader.collection(found.scope, options, address=address))
    return _one(found, options, reader)


def _one(found: Found, options: Options, reader: Reader) -> HttpResponse:
    if options.filter or options.orderby or options.count or options.top is not None or options.skip:
        raise BadRequest("$filter, $orderby, $count, $top and $skip are of collections")
    if found.kind == "entity":
        return _json(reader.entity(found.entity, found.row, options))
    if found.kind == "reference":
        return _json({"@iot.selfLink": f"{reader.root}/{found.entity.name}({found.row['id']})"})
    written = reader.entity(found.entity, found.row, Options())
    name = "@iot.id" if found.property == "id" else found.property
    value = written[name]
    if found.kind == "property":
        return _json({found.property: value})
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


def _root(request: HttpRequest) -> str:
    return request.build_absolute_uri(PREFIX)


def _json(content: dict[str, Any]) -> HttpResponse:
    return JsonResponse(content, json_dumps_params={"ensure_ascii": False})


def _error(status: int, message: str) -> HttpResponse:
    return JsonResponse({"code": status, "type": "error", "message": message}, status=status)
