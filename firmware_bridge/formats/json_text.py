"""Read JSON that strangers wrote."""

from __future__ import annotations

import json
from typing import Any

from .decoded import Undecodable
from .numbers import GIVEN_TWICE

_MOST_DIGITS = 30  # of an integer; longer ones are refused as numbers, not as messages


def text_of(payload: bytes) -> str:
    """Decode UTF-8, with or without its byte order mark. Raises Undecodable."""
    try:
        text = str(payload, "utf-8")
    except UnicodeDecodeError:
        raise Undecodable("the message is not UTF-8 text") from None
    return text[1:] if text[:1] == "\ufeff" else text


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        first: dict[str, Any] = {}
        for key, value in pairs:
            if key in first and not _same(first[key], value):
                found[key] = GIVEN_TWICE
            else:
                first.setdefault(key, value)
    return found


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and type(one) in (int, float, str, bool, type(None)) and one == other


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MOST_DIGITS else float("-inf" if digits[0] == "-" else "inf")


_careful = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer)


def load(payload: bytes) -> Any:
    """Parse a JSON message. A key given twice with different values becomes GIVEN_TWICE.

    Raises Undecodable for what is not UTF-8, not JSON, empty, or nested too deeply.
    """
    return load_text(text_of(payload))


def load_text(text: str) -> Any:
    """Parse JSON text as `load` does."""
    text = text.strip(" \t\r\n\x00")  # modems and C strings leave a tail
    if not text:
        raise Undecodable("the message is empty")
    try:
        return _careful.decode(text)
    except RecursionError:
        raise Undecodable("the JSON is nested too deeply") from None
    except ValueError:
        raise Undecodable("the message is not JSON") from None


def load_object(payload: bytes) -> dict[str, Any]:
    """Parse a message that must be one JSON object. Raises Undecodable."""
    found = load(payload)
    if not isinstance(found, dict):
        raise Undecodable("the message is not a JSON object")
    return found
