"""Read CBOR (RFC 8949), as far as data needs it: no tags' meaning, no indefinite text, no keys but numbers and text."""

from __future__ import annotations

import struct
from typing import Any

from .decoded import Undecodable
from .numbers import GIVEN_TWICE

_DEEPEST = 16  # levels
_MOST_ITEMS = 100_000
_SIMPLE = {20: False, 21: True, 22: None, 23: None}
_FLOATS = {25: (">e", 2), 26: (">f", 4), 27: (">d", 8)}
_INDEFINITE, _BREAK = 31, 0xFF


def load(data: bytes) -> Any:
    """Read one item that fills `data`. Byte strings stay bytes. Raises Undecodable."""
    reader = _Reader(data)
    item = reader.item(0)
    if reader.at != len(data):
        raise Undecodable("bytes follow the CBOR item")
    return item


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.items = 0

    def item(self, depth: int) -> Any:
        self.items += 1
        if depth > _DEEPEST or self.items > _MOST_ITEMS:
            raise Undecodable("the CBOR is nested too deeply or too long")
        head = self._take(1)[0]
        major, info = head >> 5, head & 31
        if major == 7:
            return self._simple(info)
        if info == _INDEFINITE:
            if major in (4, 5):
                return self._collection(major, None, depth)
            raise Undecodable("CBOR strings of unknown length are not read")
        size = self._argument(info)
        if major == 0:
            return size
        if major == 1:
            return -1 - size
        if major == 2:
            return self._take(size)
        if major == 3:
            try:
                return str(self._take(size), "utf-8")
            except UnicodeDecodeError:
                raise Undecodable("a CBOR text is not UTF-8") from None
        if major == 6:
            return self.item(depth + 1)  # a tag: its content
        return self._collection(major, size, depth)

    def _collection(self, major: int, size: int | None, depth: int) -> Any:
        found: list[Any] = []
        pairs: dict[Any, Any] = {}
        count = 0
        while size is None or count < size:
            if size is None and self.data[self.at : self.at + 1] == bytes([_BREAK]):
                self.at += 1
                break
            count += 1
            if major == 4:
                found.append(self.item(depth + 1))
                continue
            key = self.item(depth + 1)
            if not isinstance(key, str | int):
                raise Undecodable("a CBOR key is neither a number nor text")
            value = self.item(depth + 1)
            pairs[key] = GIVEN_TWICE if key in pairs else value
        return found if major == 4 else pairs

    def _simple(self, info: int) -> Any:
        if info in _SIMPLE:
            return _SIMPLE[info]
        if info in _FLOATS:
            layout, size = _FLOATS[info]
            return float(struct.unpack(layout, self._take(size))[0])
        raise Undecodable("a CBOR item is of no known kind")

    def _argument(self, info: int) -> int:
        if info < 24:
            return info
        if info > 27:
            raise Undecodable("a CBOR item is of no known kind")
        return int.from_bytes(self._take(1 << (info - 24)), "big")

    def _take(self, size: int) -> bytes:
        if self.at + size > len(self.data):
            raise Undecodable("the CBOR is cut off")
        self.at += size
        return self.data[self.at - size : self.at]
