"""paho's client with three costs taken away: its system calls, its parsing of messages, its acknowledgements."""

import ssl
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import paho.mqtt.client as mqtt

READ_AHEAD = 65_536  # bytes
WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class QuickClient(mqtt.Client):
    """A client for one thread that calls `loop_read`, `loop_write` and `loop_misc` itself.

    paho reads a packet in parts (first byte, length, rest), each a system call; here they come from what was read
    ahead. Where a later paho no longer asks `_sock_recv`, nothing is read ahead and all else stays right.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._ahead = b""
        self._ahead_at = 0
        self._unsent = b""
        # Without this, paho writes each packet at once from whichever call queued it.
        self.on_socket_register_write = lambda *_: None

    def forget_connection(self) -> None:
        """Drop what belongs to the connection before; call before connecting again."""
        self._ahead, self._ahead_at, self._unsent = b"", 0, b""

    @property
    def has_read_ahead(self) -> bool:
        """Whether bytes are here that `select` on the socket will not tell of."""
        return self._ahead_at < len(self._ahead)

    def take_publishes(self, take: Callable[[bytes, bytes, int, int], None], *, most: int) -> int:
        """Take the messages that were read ahead whole; returns how many. All else is left to `loop_read`.

        `take(topic, payload, first, mid)`: `first` is the first byte of the packet (MQTT 3.1.1, section 3.3.1: DUP 8,
        QoS 6, RETAIN 1), `mid` is 0 at QoS 0. What is not a PUBLISH of QoS 0 or 1 and under 16 kB, what is cut at the
        end of the buffer and what is malformed, paho reads.
        """
        if self._in_packet["command"]:
            return 0  # paho is inside a packet
        ahead, at = self._ahead, self._ahead_at
        end, count = len(ahead), 0
        while count < most and at + 4 <= end:
            first = ahead[at]
            if first & 0xF4 != 0x30:
                break
            length, start = ahead[at + 1], at + 2
            if length & 0x80:
                if ahead[at + 2] & 0x80:
                    break
                length, start = length & 0x7F | ahead[at + 2] << 7, at + 3
            stop = start + length
            if stop > end or length < 3:
                break
            topic_at = start + 2
            topic_end = topic_at + (ahead[start] << 8 | ahead[start + 1])
            payload_at = topic_end + (first & 2)
            if payload_at > stop or topic_end == topic_at:
                break
            mid = ahead[topic_end] << 8 | ahead[topic_end + 1] if first & 2 else 0
            take(ahead[topic_at:topic_end], ahead[payload_at:stop], first, mid)
            at = stop
            count += 1
        self._ahead_at = at
        return count

    def _sock_recv(self, bufsize: int) -> bytes:
        start = self._ahead_at
        if start >= len(self._ahead):
            self._ahead = super()._sock_recv(READ_AHEAD)
            start = 0
        self._ahead_at = start + bufsize  # may lie behind the end
        return self._ahead[start : self._ahead_at]

    @property
    def has_unsent(self) -> bool:
        """Whether acknowledgements wait for room in the socket."""
        return bool(self._unsent)

    def acknowledge(self, mids: Iterable[int]) -> None:
        """Send the PUBACKs of messages received at QoS 1, all in one write (MQTT 3.1.1, section 3.4)."""
        self._unsent += b"".join([b"\x40\x02" + mid.to_bytes(2, "big") for mid in mids])
        self.send_unsent()

    def send_unsent(self) -> None:
        """Send what the socket takes. Raises OSError when the connection is lost."""
        sock = self.socket()
        if self._unsent and sock is not None and not self.want_write():  # never inside a packet of paho's
            with suppress(*WOULD_BLOCK):
                self._unsent = self._unsent[sock.send(self._unsent) :]
