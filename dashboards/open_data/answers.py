"""Answer with a file as HTTP means it: its mark, its date, its length and its parts, open to every site."""

import os
import re
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from datetime import datetime
from functools import wraps
from hashlib import md5
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import http_date, parse_http_date_safe
from django.utils.translation import gettext as _

from dashboards.limits import seconds_to_wait
from dashboards.open_data.csv import begun
from dashboards.open_data.licences import Licence

FRESH_SECONDS = 60  # a reader may reuse a file for so long before asking whether it changed
FOREVER_SECONDS = 31_536_000  # of a release, which never changes
KEPT_SECONDS = 3600  # for so long a file that was made is kept, for readers who take it part by part
KEPT_FILES = 64
BLOCK_BYTES = 256 * 1024

MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}

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
            answer["Access-Control-Allow-Headers"] = "If-None-Match, If-Modified-Since, If-Range, Range"
        elif wait := seconds_to_wait(request, what="files", per_minute=settings.FILES_PER_MINUTE):
            answer = plain(
                _("Trop de fichiers demandés en une minute depuis cette adresse. Attendez %(wait)d s.")
                % {"wait": wait},
                status=429,
            )
            answer["Retry-After"] = str(wait)
        elif request.method in {"GET", "HEAD"}:
            try:
                if any("\0" in value for value in request.GET.values()):
                    raise NotUnderstood(_("L’adresse contient un signe qui n’est pas un caractère."))
                answer = view(request, *args, **kwargs)
            except NotUnderstood as error:
                answer = plain(str(error), status=400)
            answer = marked(request, answer)
        else:
            answer = plain(_("Ces données se lisent ; rien ne s’y écrit."), status=405)
            answer["Allow"] = "GET, HEAD, OPTIONS"
        answer["Access-Control-Allow-Origin"] = "*"
        answer["Access-Control-Expose-Headers"] = (
            "ETag, Last-Modified, Link, Content-Disposition, Content-Length, Content-Range, Accept-Ranges"
        )
        return answer

    return opened


def marked(request: HttpRequest, answer: HttpResponseBase) -> HttpResponseBase:
    """Give a short answer that has no mark yet the mark of its content, or say that it has not changed."""
    if answer.status_code != 200 or not isinstance(answer, HttpResponse):
        return answer
    if "ETag" not in answer:
        answer["ETag"] = f'"{md5(answer.content, usedforsecurity=False).hexdigest()}"'
    if "Cache-Control" not in answer:
        patch_cache_control(answer, public=True, max_age=FRESH_SECONDS)
    unchanged = get_conditional_response(request, etag=answer["ETag"], response=answer)
    return answer if unchanged is None else unchanged


def plain(sentence: str, *, status: int) -> HttpResponse:
    """Answer with one sentence."""
    return HttpResponse(sentence + "\n", status=status, content_type="text/plain; charset=utf-8")


class File(NamedTuple):
    """A file to answer with: how to make its bytes, and what is known before they are made."""

    name: str
    media_type: str
    mark: str  # differs when the bytes differ
    changed_at: datetime | None
    licence: Licence
    make: Callable[[], Generator[bytes]]
    is_kept: bool  # made once on disk, so that its length is known and its parts can be asked for


def answer_with(request: HttpRequest, file: File) -> HttpResponseBase:
    """Answer with a file, with a part of it, or that it has not changed.

    A file that is not kept is streamed as it is made: its length is not known and a Range is ignored, as RFC 9110
    allows. One that is kept answers HEAD with its length and a Range of bytes with 206.
    """
    etag = f'"{file.mark}"'
    modified = int(file.changed_at.timestamp()) if file.changed_at else None
    unchanged = get_conditional_response(request, etag=etag, last_modified=modified)
    answer: HttpResponseBase
    if unchanged is not None:
        answer = unchanged
    elif file.is_kept:
        answer = from_disk(request, _kept(file), etag=etag, modified=modified, media_type=file.media_type)
    elif request.method == "HEAD":
        answer = StreamingHttpResponse((), content_type=file.media_type)  # no length: it is not known
    else:
        answer = StreamingHttpResponse(begun(file.make()), content_type=file.media_type)
    answer["ETag"] = etag
    if modified is not None:
        answer["Last-Modified"] = http_date(modified)
    answer["Link"] = f'<{file.licence.url}>; rel="license", <{settings.SITE_URL}/data/>; rel="describedby"'
    answer["Content-Disposition"] = f'inline; filename="{file.name}"'
    patch_cache_control(answer, public=True, max_age=FRESH_SECONDS)
    return answer


def from_disk(
    request: HttpRequest, path: Path, *, etag: str, modified: int | None, media_type: str
) -> HttpResponse | StreamingHttpResponse:
    """Answer with a file of the disk, or with the one range of bytes that is asked for (RFC 9110, section 14)."""
    size = path.stat().st_size
    wanted = _range(request, size=size, etag=etag, modified=modified)
    answer: HttpResponse | StreamingHttpResponse
    if wanted == ():
        answer = plain(_("Cette partie du fichier n’existe pas."), status=416)
        answer["Content-Range"] = f"bytes */{size}"
        return answer
    first, last = wanted if wanted else (0, size - 1)
    if request.method == "HEAD":
        answer = HttpResponse(content_type=media_type)
    else:
        answer = StreamingHttpResponse(_part(path, first, last), content_type=media_type)
    answer["Content-Length"] = str(last - first + 1)
    answer["Accept-Ranges"] = "bytes"
    if wanted:
        answer.status_code = 206
        answer["Content-Range"] = f"bytes {first}-{last}/{size}"
    return answer


def _range(
    request: HttpRequest, *, size: int, etag: str, modified: int | None
) -> tuple[int, int] | tuple[()] | None:
    """Read the range that is asked for: None for the whole file, () where it lies outside.

    Several ranges at once, and what is not understood, give the whole file.
    """
    condition = request.headers.get("If-Range")
    if condition and condition != etag and parse_http_date_safe(condition) != (modified or -1):
        return None
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("Range", "").replace(" ", ""))
    if found is None or found.group(0) == "bytes=-":
        return None
    first, last = found.groups()
    if not first:
        length = int(last)
        return (max(0, size - length), size - 1) if length and size else ()
    if int(first) >= size or (last and int(last) < int(first)):
        return () if int(first) >= size else None
    return int(first), min(int(last), size - 1) if last else size - 1


def _part(path: Path, first: int, last: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(first)
        left = last - first + 1
        while left > 0 and (block := file.read(min(BLOCK_BYTES, left))):
            left -= len(block)
            yield block


def _kept(file: File) -> Path:
    """Give the file on disk, made now where it is not there; a mark that changed is another file."""
    folder = settings.RUN_DIR / "files"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{file.mark}-{file.name}"
    if not path.exists():
        _forget_old(folder)
        with tempfile.NamedTemporaryFile(dir=folder, prefix="making-", delete=False) as making:
            try:
                for block in file.make():
                    making.write(block)
            except BaseException:
                Path(making.name).unlink(missing_ok=True)
                raise
        os.replace(making.name, path)
    return path


def _forget_old(folder: Path) -> None:
    """Remove the files that nobody takes any more; a reader who holds one open reads it to its end."""
    dated = sorted((path.stat().st_mtime, path) for path in folder.iterdir() if path.is_file())
    limit = time.time() - KEPT_SECONDS
    surplus = len(dated) - KEPT_FILES
    for number, (made_at, path) in enumerate(dated):
        if made_at < limit or number < surplus:
            path.unlink(missing_ok=True)
