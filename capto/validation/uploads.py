"""Evaluations asked for in the browser: a folder each, read by a task, its files removed at once, its result in a day.

A folder holds `asked.json` (options), the files, `state.json` (how far it is) and the result. Its name is a secret of
whoever asked.
"""

import json
import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django_q.tasks import async_task

from capto.validation.device_report.page import body, title
from capto.validation.device_report.words import Words
from capto.validation.evaluate import examine, parser
from capto.validation.plain.cells import UnreadableFile

LARGEST_MB: Final = 50
LARGEST_BYTES: Final = LARGEST_MB * 1024 * 1024
FORM_BYTES: Final = 200_000  # the other fields and the frame of a form
MOST_FILES: Final = 21
MOST_WAITING: Final = 20
KEPT: Final = timedelta(hours=24)
TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{20,40}")
UNSAFE: Final = re.compile(r"[^\w.() +-]")


class TooManyWaiting(Exception):
    """So many evaluations wait that another would only wait longer."""


def too_large(request: HttpRequest) -> bool:
    """Tell whether the body of a request is larger than what is taken, before it is read."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_BYTES + FORM_BYTES
    except ValueError:
        return True


def folder() -> Path:
    """Give the folder of all evaluations."""
    return Path(settings.MEDIA_ROOT) / "evaluations"


def of_token(token: str) -> Path | None:
    """Give the folder of one evaluation, None where there is none (any more)."""
    path = folder() / token
    return path if TOKEN.fullmatch(token) and path.is_dir() else None


def ask(
    sensors: Sequence[Any], reference: Any, *, options: Mapping[str, str], language: str, now: datetime
) -> str:
    """Keep uploaded files and queue their evaluation; return its token. Raises TooManyWaiting."""
    remove_old(now=now)
    waiting = (
        [path for path in folder().glob("*") if (path / "asked.json").exists()] if folder().is_dir() else []
    )
    if len(waiting) >= MOST_WAITING:
        raise TooManyWaiting
    token = secrets.token_urlsafe(18)
    path = folder() / token
    (path / "files").mkdir(parents=True, mode=0o700)
    names = []
    for number, file in enumerate([*sensors, reference]):
        name = UNSAFE.sub("_", Path(str(file.name)).name)[-80:] or "file.csv"
        kept = path / "files" / f"{number}" / name
        kept.parent.mkdir()
        with kept.open("wb") as out:
            for chunk in file.chunks():
                out.write(chunk)
        names.append(str(kept.relative_to(path)))
    _write(path / "state.json", {"step": "waiting", "asked_at": now.isoformat()})
    _write(path / "asked.json", {"files": names, "options": dict(options), "language": language})
    async_task("capto.validation.uploads.evaluate_upload", token)
    return token


def evaluate_upload(token: str) -> None:
    """Evaluate one upload (a task); its files are removed whatever comes of it."""
    path = of_token(token)
    if path is None or not (path / "asked.json").exists():
        return  # run before, or removed meanwhile
    asked = json.loads((path / "asked.json").read_text())
    state = state_of(path)

    def tell(step: str, **more: Any) -> None:
        _write(path / "state.json", {**state, "step": step, **more})

    try:
        arguments = [str(path / name) for name in asked["files"]]
        for key, value in asked["options"].items():
            for one in value if isinstance(value, list) else [value]:
                arguments += [f"--{key}={one}"]
        examined = examine(
            parser().parse_args(arguments), progress=lambda done, of: tell("reading", done=done, of=of)
        )
        tell("drawing", done=len(asked["files"]), of=len(asked["files"]))
        for side in (examined.report["reference"], *examined.report["sensors"]):
            side["file"] = Path(side["file"]).name
        language = asked["language"]
        _write(path / "report.json", examined.report)
        (path / "body.html").write_text(body(examined, language=language), encoding="utf-8")
        tell("done", title=title(examined.report, Words(language)), language=language)
    except UnreadableFile as wrong:
        tell("refused", why=str(wrong))
    except SystemExit:
        tell("refused", why="an option cannot be understood.")
    except Exception:
        tell("failed")
        raise
    finally:
        (path / "asked.json").unlink(missing_ok=True)
        shutil.rmtree(path / "files", ignore_errors=True)


def state_of(path: Path) -> dict[str, Any]:
    """Read how far an evaluation is."""
    try:
        found: dict[str, Any] = json.loads((path / "state.json").read_text())
    except (OSError, ValueError):
        return {"step": "waiting"}
    return found


def remove_old(*, now: datetime) -> int:
    """Remove what was asked for more than a day ago; return how many."""
    removed = 0
    for path in folder().glob("*") if folder().is_dir() else []:
        at = state_of(path).get("asked_at")
        if at is None or datetime.fromisoformat(at) < now - KEPT:
            shutil.rmtree(path, ignore_errors=True)
            removed += 1
    return removed


def remove_old_now() -> int:
    """Remove what is old (a scheduled task)."""
    return remove_old(now=timezone.now())


def _write(path: Path, document: Any) -> None:
    """Replace a small file as a whole: who reads it meanwhile sees the old one."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    part.replace(path)
