"""Write `@iot.nextLink`, with all that was asked and where the next page begins, and read where a page begins."""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from dashboards.sensorthings.errors import BadRequest
from dashboards.sensorthings.options import Options


def next_link(address: str, options: Options, resume: Sequence[Any], *, passed: int) -> str:
    """Write the address of what follows: behind the row with these values, or behind so many rows."""
    kept: list[tuple[str, str]] = []
    if options.filter:
        kept.append(("$filter", options.filter))
    if options.orderby:
        kept.append(("$orderby", ",".join(f"{sql} desc" if down else sql for sql, down in options.orderby)))
    if options.select:
        kept.append(("$select", ",".join(options.select)))
    if options.expand:
        kept.append(("$expand", _expand_text(options.expand)))
    if options.count:
        kept.append(("$count", "true"))
    if options.top is not None:
        kept.append(("$top", str(options.top)))
    if resume:
        kept.append(("$skiptoken", _token(resume)))
    else:
        kept.append(("$skip", str(options.skip + passed)))
    return f"{address}?{urlencode(kept, quote_via=quote, safe='$,()/;=')}"


def _token(values: Sequence[Any]) -> str:
    written = [{"t": value.isoformat()} if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(written, default=str).encode()).decode().rstrip("=")


def values_of(token: str) -> list[Any]:
    """Read the values that a link carries; raises BadRequest."""
    try:
        read = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return [_instant(value["t"]) if isinstance(value, dict) else _scalar(value) for value in read]
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise BadRequest("$skiptoken is not one of this service") from error


def _instant(written: str) -> datetime:
    at = datetime.fromisoformat(written)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _scalar(value: Any) -> Any:
    if not isinstance(value, str | int | float | bool):
        raise TypeError(value)
    return value


def _expand_text(expand: Mapping[str, Options]) -> str:
    """Write an `$expand` again, as it was read."""
    return ",".join(f"{name}({inside})" if (inside := ";".join(_inside(options))) else name
                    for name, options in expand.items())  # fmt: skip


def _inside(options: Options) -> Iterator[str]:
    if options.filter:
        yield f"$filter={options.filter}"
    if options.select:
        yield f"$select={','.join(options.select)}"
    if options.orderby:
        yield "$orderby=" + ",".join(f"{sql} desc" if down else sql for sql, down in options.orderby)
    if options.top is not None:
        yield f"$top={options.top}"
    if options.skip:
        yield f"$skip={options.skip}"
    if options.count:
        yield "$count=true"
    if options.expand:
        yield f"$expand={_expand_text(options.expand)}"
