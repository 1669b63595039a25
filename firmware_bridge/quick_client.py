"""paho's client with two costs taken away: four system calls per message read, and one per acknowledgement."""

import ssl
from collections.abc import Iterable
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
