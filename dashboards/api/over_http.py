"""The JSON API over HTTP: HEAD, a mark of each answer, and what a browser asks before another site may read."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import URLPattern

from dashboards.open_data.answers import marked

View = Callable[..., HttpResponseBase]


def over_http(view: View) -> View:
    """Answer OPTIONS and HEAD beside GET, and say 304 to whom the answer has not changed."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        answer: HttpResponseBase
        if request.method == "OPTIONS":
            answer = HttpResponse(status=204)
            answer["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
            answer["Access-Control-Allow-Headers"] = "If-None-Match, Content-Type, Accept"
        elif request.method not in {"GET", "HEAD"}:
            answer = JsonResponse({"detail": "this API is read, nothing is written here"}, status=405)
            answer["Allow"] = "GET, HEAD, OPTIONS"
        elif request.method == "HEAD":
            request.method = "GET"  # the body is left out on the way out
            answer = marked(request, view(request, *args, **kwargs))
            request.method = "HEAD"
        else:
            answer = marked(request, view(request, *args, **kwargs))
        answer["Access-Control-Allow-Origin"] = "*"
        answer["Access-Control-Expose-Headers"] = "ETag, Retry-After"
        return answer

    return answered


def opened(patterns: Sequence[Any]) -> list[Any]:
    """Let the addresses of an API be asked so."""
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            pattern.callback = over_http(pattern.callback)
    return list(patterns)
