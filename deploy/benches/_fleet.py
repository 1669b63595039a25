"""The devices of the benches: their messages, and a quick way to publish them."""

import os
import socket
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote, urlsplit

DEVICES = 1_000
FORMAT = "airgradient"
STORED = [
    "pm01",
    "pm02",
    "pm10",
    "pm02Compensated",
    "pm003Count",
    "atmp",
    "rhum",
    "rco2",
    "tvocIndex",
    "noxIndex",
    "wifi",
    "bootCount",
]  # the twelve keys that become values


def payload(device: str, number: int) -> bytes:
    """Make the message that a ONE sends in its `number`th cycle, different each time."""
    wave = number % 50
    measured = (
        f'"pm01":{4 + wave / 10},"pm02":{9 + wave / 10},"pm10":{11 + wave / 10},"pm02Compensated":{7 + wave / 10},'
        f'"pm003Count":{1034.5 + wave},"atmp":{9.6 + wave / 100:.2f},"rhum":{66.4 - wave / 100:.2f},'
        f'"rco2":{431 + wave},"tvocIndex":{88 + wave},"noxIndex":{1 + wave % 3}'
    )
    health = f'"boot":{number},"bootCount":{number},"wifi":{-62 - wave % 7}'
    return f'{{{measured},{health},"serialno":"{device}","firmware":"3.3.9","model":"I-9PSL"}}'.encode()


def device_of(position: int) -> str:
    """Name the serial number of one of the devices."""
    return f"{position:012x}"


def messages(count: int) -> Iterator[tuple[str, bytes]]:
    """Topic and payload of each message: all devices in turn, one cycle after the other."""
    for number in range(count):
        device = device_of(number % DEVICES)
        yield f"airgradient/readings/{device}", payload(device, number // DEVICES)


class Publisher:
    """A bare MQTT 3.1.1 connection that publishes ready packets at QoS 1 and counts their acknowledgements."""

    def __init__(self, url: str, client_id: str = "") -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname or "", parts.port or 1883))
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        flags = 2 | (0xC0 if user else 0)
        texts = [client_id or user, *([user, password] if user else [])]
        body = b"\x00\x04MQTT\x04" + bytes([flags]) + struct.pack(">H", 0) + b"".join(map(_text, texts))
        self._socket.sendall(b"\x10" + _length(len(body)) + body)
        answer = self._socket.recv(4, socket.MSG_WAITALL)
        assert answer[:1] == b"\x20" and answer[3] == 0, f"the broker refuses the publisher: {answer!r}"
        self.acknowledged = 0
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        received = 0
        while data := self._socket.recv(65536):  # only PUBACKs come, of four bytes each
            received += len(data)
            self.acknowledged = received // 4

    def send(self, one: bytes) -> None:
        """Send one packet, and wait for nothing."""
        self._socket.sendall(one)

    def publish(self, packets: Sequence[bytes]) -> None:
        """Send packets and wait until the broker has acknowledged all."""
        wanted = self.acknowledged + len(packets)
        for start in range(0, len(packets), 500):
            self._socket.sendall(b"".join(packets[start : start + 500]))
        while self.acknowledged < wanted:
            time.sleep(0.005)


def _text(text: str) -> bytes:
    return struct.pack(">H", len(text.encode())) + text.encode()


def _length(length: int) -> bytes:
    digits = bytearray()
    while True:
        length, digit = divmod(length, 128)
        digits.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(digits)


def packet(topic: str, content: bytes, mid: int, qos: int = 1) -> bytes:
    """Encode one PUBLISH."""
    body = _text(topic) + (struct.pack(">H", mid % 65535 + 1) if qos else b"") + content
    return bytes([0x30 | qos << 1]) + _length(len(body)) + body


def add_fleet() -> None:
    """Put the devices into the catalogue, each placed for as long as the bench may last."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "capto.settings")
    django.setup()
    from capto.catalogue.models import Sensor, SensorModel
    from capto.members.models import Organisation
    from capto.readings.models import Place, Placement

    owner = Organisation.objects.create(name="Bench")
    model = SensorModel.objects.create(maker="AirGradient", name="ONE", slug="one", wire_format=FORMAT)
    place = Place.objects.create(
        kind=Place.Kind.HOME, label="Bench", cell_latitude=45.0, cell_longitude=5.0, precision_m=200
    )
    sensors = Sensor.objects.bulk_create(
        Sensor(owner=owner, model=model, inventory_code=f"B{n}", wire_format=FORMAT, device_id=device_of(n))
        for n in range(DEVICES)
    )
    start = datetime.now(UTC) - timedelta(days=1)
    Placement.objects.bulk_create(
        Placement(sensor=sensor, place=place, starts_at=start) for sensor in sensors
    )
