"""Read HTTP headers, whose names differ in case from one stack to another."""

from __future__ import annotations

from collections.abc import Mapping


def header(headers: Mapping[str, str], name: str) -> str:
    """Find a header whatever the case of its name; '' where absent."""
    found = headers.get(name)
    if found is None:
        wanted = name.casefold()
        found = next((value for key, value in headers.items() if key.casefold() == wanted), "")
    return found


def media_type(headers: Mapping[str, str]) -> str:
    """Tell the Content-Type in lower case, without its parameters."""
    return header(headers, "Content-Type").split(";")[0].strip().casefold()
