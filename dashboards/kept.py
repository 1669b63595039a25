"""Public answers kept for a minute in each web process, and forgotten as soon as published hours are written.

Everybody without an account sees the same page, so it is made once: a minute in which a thousand people look at the
map costs what one of them costs. A reader with a session gets a page of her own. The mark of an answer (ETag) is that
of its bytes: whoever asks again hears 304 where nothing changed.
"""

from collections.abc import Callable
from functools import wraps
from hashlib import md5
from threading import Lock
from time import monotonic
from typing import Any, TypeVar, cast

from django.conf import settings
from django.core.cache import caches
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.utils.translation import get_language

View = TypeVar("View", bound=Callable[..., HttpResponse])
Rows = TypeVar("Rows")

MOST_NAMES = 500  # of kept rows
LONGEST_ADDRESS = 200  # characters: nobody fills the memory with addresses of their own invention
# What the public pages are made of: another hour published, another sensor placed, another place withdrawn.
MARK = """
SELECT (SELECT max(id) FROM readings_publication), (SELECT max(id) FROM readings_placement),
       (SELECT max(id) FROM dashboards_withdrawal)
"""
_ROWS: dict[str, tuple[float, Any]] = {}  # by name: until when they are kept, and the rows
_LOCKS = [Lock() for _ in range(64)]  # one thread makes an answer; those who want the same one wait for it


def kept(view: View) -> View:
    """Keep the answers of a public view for `PAGES_KEPT_SECONDS`, and mark them (a decorator); one query more.

    Kept are answers 200 to GET and HEAD without a session, by address and language. Inside a transaction nothing is
    kept: it may show what is never committed.
    """

    @wraps(view)
    def keeping(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        address = request.get_full_path()
        if (
            request.method not in {"GET", "HEAD"}
            or settings.SESSION_COOKIE_NAME in request.COOKIES
            or len(address) > LONGEST_ADDRESS
        ):
            return view(request, *args, **kwargs)
        if not settings.PAGES_KEPT_SECONDS or connection.in_atomic_block:
            return _marked(request, view(request, *args, **kwargs))
        name = f"{_mark()} {get_language()} {address}"
        key = md5(name.encode(), usedforsecurity=False).hexdigest()
        pages = caches["pages"]
        found = pages.get(key)
        if found is None:
            with _LOCKS[int(key[:2], 16) % len(_LOCKS)]:
                found = pages.get(key)
                if found is None:
                    answer = view(request, *args, **kwargs)
                    if answer.status_code != 200 or answer.cookies:
                        return answer
                    found = (answer.content, answer["Content-Type"])
                    pages.set(key, found, settings.PAGES_KEPT_SECONDS)
        content, media_type = found
        return _marked(request, HttpResponse(content, content_type=media_type))

    return cast(View, keeping)


def kept_rows(name: str, read: Callable[[], Rows]) -> Rows:
    """Keep rows that change a few times a year (thresholds, levels, stations) for `PAGES_KEPT_SECONDS`, by name.

    They are shared by all threads: whoever gets them changes nothing in them.
    """
    if not settings.PAGES_KEPT_SECONDS or connection.in_atomic_block:
        return read()
    known = _ROWS.get(name)
    if known is None or known[0] < monotonic():
        if len(_ROWS) >= MOST_NAMES:
            _ROWS.clear()
        known = _ROWS[name] = (monotonic() + settings.PAGES_KEPT_SECONDS, read())
    return cast(Rows, known[1])


def _mark() -> tuple[int | None, ...]:
    with connection.cursor() as cursor:
        cursor.execute(MARK)
        return tuple(cursor.fetchone() or ())


def _marked(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """Give an answer its mark, or 304 to whoever holds it already."""
    if answer.status_code != 200:
        return answer
    etag = f'"{md5(answer.content, usedforsecurity=False).hexdigest()}"'
    answer["ETag"] = etag
    patch_cache_control(answer, no_cache=True)  # held by a browser, and asked for again each time
    patch_vary_headers(answer, ("Cookie", "Accept-Language"))
    return get_conditional_response(request, etag=etag, response=answer) or answer
