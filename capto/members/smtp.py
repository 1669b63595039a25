"""The way to the mail server, with a word to the outbox at the one moment from which a message may have left.

Until the line with a single dot, a server has nothing to deliver (RFC 5321, 4.1.1.4): whoever dies before it may
send again. After it, the message may be on its way whatever happens to us: so the outbox writes that down first.
"""

import re
import smtplib
import socket
from collections.abc import Callable
from typing import Any

from django.core.mail.backends.smtp import EmailBackend

OF_DJANGO = "django.core.mail.backends.smtp.EmailBackend"
_DOT_AT_LINE_START = re.compile(rb"(?m)^\.")


def nothing() -> None:
    """Do nothing before the last dot."""


class _LastDot:
    """Ends a message in two steps: its lines, then, after `before_last_dot`, the dot."""

    before_last_dot: Callable[[], None] = staticmethod(nothing)

    def _get_socket(self: Any, host: str, port: int, timeout: float) -> socket.socket:
        """Open the connection so that small pieces leave at once: the dot would wait 40 ms for an acknowledgement."""
        connected: socket.socket = self._opened(host, port, timeout)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected

    def data(self: Any, msg: Any) -> tuple[int, bytes]:
        """Send the text of a message (SMTP DATA); gives the server's answer to its last dot."""
        self.putcmd("data")
        code, answer = self.getreply()
        if code != 354:
            raise smtplib.SMTPDataError(code, answer)
        lines = re.sub(rb"\r\n|\r|\n", b"\r\n", msg.encode("ascii") if isinstance(msg, str) else msg)
        lines = _DOT_AT_LINE_START.sub(b"..", lines)
        self.send(lines if lines.endswith(b"\r\n") else lines + b"\r\n")
        self.before_last_dot()
        self.send(b".\r\n")
        reply: tuple[int, bytes] = self.getreply()
        return reply


class _Plain(_LastDot, smtplib.SMTP):
    _opened: Any = smtplib.SMTP._get_socket  # type: ignore[attr-defined]


class _Encrypted(_LastDot, smtplib.SMTP_SSL):
    _opened: Any = smtplib.SMTP_SSL._get_socket  # type: ignore[attr-defined]


class HandingOver(EmailBackend):
    """Django's SMTP backend that calls `before_last_dot` where a message becomes irrevocable."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        """Give the client that stops before the last dot."""
        return _Encrypted if self.use_ssl else _Plain

    def before_last_dot(self, call: Callable[[], None]) -> None:
        """Name what is called before the next message ends; the connection is opened if it is not."""
        self.open()
        connection: Any = self.connection
        connection.before_last_dot = call
