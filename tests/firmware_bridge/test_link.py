"""What the link reads from a socket: every message whole and once, wherever the bytes are cut."""

import socket
import struct
from collections.abc import Iterator
from itertools import pairwise

import pytest

from firmware_bridge.arrival import Arrival
from firmware_bridge.link import Address, Link

Received = tuple[Arrival, tuple[int, int] | None]


class Line:
    """A link whose socket is in the hands of the test."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.link = Link(
            Address("mqtt://bridge:secret@localhost"),
            topics=["#"],
            deliver=lambda arrival, token: self.received.append((arrival, token)),
            may_read=lambda: True,
        )
        self.far, near = socket.socketpair()
        near.setblocking(False)
        self.link._client._sock = near
        self.link.is_connected = True

    def read(self, data: bytes) -> bool:
        """Send bytes and read all that can be read; False when the connection is given up."""
        self.far.sendall(data)
        is_well = self.link._read()
        while is_well and self.link._client.has_read_ahead:
            is_well = self.link._read()
        return is_well

    def said(self) -> list[tuple[str, bytes]]:
        return [(arrival.topic, arrival.payload) for arrival, _ in self.received]


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.far.close()


def publish(topic: bytes, payload: bytes, *, first: int = 0x32, mid: int = 1) -> bytes:
    """One PUBLISH of MQTT 3.1.1, section 3.3."""
    body = struct.pack(">H", len(topic)) + topic + (struct.pack(">H", mid) if first & 6 else b"") + payload
    digits, length = bytearray(), len(body)
    while True:
        length, digit = divmod(length, 128)
        digits.append(digit | (0x80 if length else 0))
        if not length:
            return bytes([first]) + bytes(digits) + body


PUBACK = b"\x40\x02\x00\x07"
MESSAGES = [
    (b"a/b", b"", 0x32),
    (b"a/b", b"x" * 100, 0x30),
    ("é/µ".encode(), b"y" * 127, 0x32),
    (b"c", b"z" * 16_379, 0x3A),  # the largest of two digits of length
    (b"c", b"z" * 40_000, 0x32),  # three digits
    (b"c", b"q", 0x31),
]


def stream() -> bytes:
    parts = [
        publish(topic, payload, first=first, mid=256 * n + n)
        for n, (topic, payload, first) in enumerate(MESSAGES, start=1)
    ]
    return parts[0] + PUBACK + b"".join(parts[1:])


@pytest.mark.parametrize(
    "cuts", [[], [1], [2, 3], [7, 11], [300, 320, 16_700, 16_701], range(0, 57_000, 997)]
)
def test_messages_come_whole_and_in_order_wherever_the_stream_is_cut(line: Line, cuts: list[int]) -> None:
    data = stream()
    for start, stop in pairwise([0, *[cut for cut in cuts if cut], len(data)]):
        assert line.read(data[start:stop])
    assert line.said() == [(topic.decode(), payload) for topic, payload, _ in MESSAGES]


def test_the_marks_of_a_packet_and_its_number_are_kept(line: Line) -> None:
    line.read(stream())
    found = [(a.is_redelivered, a.is_retained, token and token[1]) for a, token in line.received]
    assert found == [
        (False, False, 257),
        (False, False, None),  # QoS 0 has no number
        (False, False, 771),
        (True, False, 1028),
        (False, False, 1285),
        (False, True, None),
    ]


def test_moments_of_arrival_increase_strictly_in_one_burst(line: Line) -> None:
    line.read(b"".join(publish(b"a", b"%d" % n, mid=n + 1) for n in range(5_000)))
    moments = [arrival.received_us for arrival, _ in line.received]
    assert len(moments) == 5_000 and all(earlier < later for earlier, later in pairwise(moments))


def test_a_topic_that_is_no_text_is_delivered_as_what_it_is(line: Line) -> None:
    line.read(publish(b"a/\xff", b"1", mid=3) + publish(b"a/b", b"2", mid=4))
    assert line.said() == [("b'a/\\xff'", b"1"), ("a/b", b"2")]


@pytest.mark.parametrize("bad", [b"\x32\x02\x00\x00", b"\x32\x05\x00\xffabc", b"\x30\xff\xff\xff\xff\x7f"])
def test_a_packet_against_the_protocol_ends_the_connection_and_what_came_before_is_kept(
    line: Line, bad: bytes
) -> None:
    assert not line.read(publish(b"a/b", b"1") + bad + publish(b"a/b", b"2"))
    assert line.said() == [("a/b", b"1")]


def test_the_answer_to_a_marker_before_the_end_of_the_backlog_makes_the_rest_certain(line: Line) -> None:
    link = line.link
    link._certain_until = 0.0
    link._probe()
    marker = b"%s %d %f" % (link._marker_prefix, link._generation, link._probe_sent_at)
    line.read(
        publish(b"a", b"waited")
        + publish(link._marker_topic.encode(), marker, mid=2)
        + publish(b"a", b"live", mid=3)
    )
    assert [(a.payload, a.is_late) for a, _ in line.received] == [(b"waited", True), (b"live", False)]
