"""Short texts that a device states of itself: identities, versions, models."""

from __future__ import annotations

LONGEST_TEXT = 64  # characters kept of a version, a model or an identity


def short_text(raw: object) -> str | None:
    """Take text or a whole number as one printable line, cut to LONGEST_TEXT; None for anything else."""
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        return None
    if isinstance(raw, int):
        return str(raw) if -(10**30) < raw < 10**30 else None
    text = "".join(character for character in raw[: 4 * LONGEST_TEXT] if character.isprintable()).strip()
    return text[:LONGEST_TEXT] or None
