"""A real SMTP server that counts what arrives, and kills workers in the middle of a message when asked to."""

import logging
import os
import re
import signal
from collections import Counter
from email import message_from_bytes
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

logging.getLogger("mail.log").setLevel(logging.ERROR)  # a line for every command of every message
BEFORE, AFTER = "before the message was complete", "after it was complete, before the answer"


class MailSink:
    """Counts messages by (address, key); `kill_at` names the numbers of messages at which the sender is killed."""

    def __init__(self) -> None:
        self.arrived: Counter[tuple[str, str]] = Counter()
        self.bodies: list[str] = []
        self.kill_at: dict[int, str] = {}
        self.killed: list[str] = []
        self.asked = 0
        self._controller = Controller(self, hostname="127.0.0.1", port=0)

    def __enter__(self) -> "MailSink":
        self._controller.port = _free_port()
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._controller.port)

    async def handle_RCPT(
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[Any]
    ) -> str:
        self.asked += 1
        self._kill_if_due(session, BEFORE)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:
        message = message_from_bytes(envelope.content or b"")
        self.arrived[(envelope.rcpt_tos[0], _unfolded(message["X-Capto-Message"]))] += 1
        if len(self.bodies) < 5:
            self.bodies.append(message.get_payload(decode=True).decode())
        self._kill_if_due(session, AFTER)
        return "250 OK"

    def _kill_if_due(self, session: Session, when: str) -> None:
        """Kill the process that is sending, where one of the numbers has come: it said who it is in its greeting."""
        number = next((n for n, moment in self.kill_at.items() if moment == when and n <= self.asked), None)
        found = re.fullmatch(r"worker-(\d+)", str(session.host_name))
        if number is not None and found:
            del self.kill_at[number]
            os.kill(int(found[1]), signal.SIGKILL)
            self.killed.append(when)


def _unfolded(header: object) -> str:
    return "".join(str(header).split())  # a long header comes in several lines (RFC 5322, 2.2.3)


def _free_port() -> int:
    import socket

    with socket.socket() as asks:
        asks.bind(("127.0.0.1", 0))
        return int(asks.getsockname()[1])
