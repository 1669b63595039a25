"""The broker of a server of one's own, run as Debian runs it with our files: TLS, accounts, tokens."""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from firmware_bridge.broker_access import Control
from firmware_bridge.link import Address

ROOT = Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "deploy"
MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
PASSWORD = "a-password-of-the-test"
EXPOSURE = 20  # tenths of systemd's exposure level, 0 (safe) to 100: what `systemd-analyze security` calls OK


class Broker:
    """Mosquitto as on a Debian server: its own main file, with our limits and listeners in conf.d."""

    def __init__(self, folder: Path) -> None:
        self.plain, self.tls = free_port(), free_port()
        self.authority = folder / "authority.pem"
        make_certificate(folder)
        (folder / "conf.d").mkdir()
        (folder / "queue").mkdir()
        shutil.copy(DEPLOY / "mosquitto" / "limits.conf", folder / "conf.d")
        listeners = (DEPLOY / "mosquitto" / "listeners.conf").read_text()
        for old, new in (
            ("listener 1883", f"listener {self.plain}"),
            ("listener 8883", f"listener {self.tls}"),
            ("/etc/mosquitto/certs/", f"{folder}/"),
            ("/etc/mosquitto/mosquitto_dynamic_security.so", str(plugin())),
            ("/var/lib/mosquitto/", f"{folder}/"),
        ):
            assert old in listeners
            listeners = listeners.replace(old, new)
        (folder / "conf.d" / "listeners.conf").write_text(listeners)
        self.accounts = folder / "dynamic-security.json"
        done = self.write_accounts()
        assert done.returncode == 0, done.stderr
        (folder / "mosquitto.conf").write_text(
            f"persistence true\npersistence_location {folder}/queue/\nlog_dest stderr\n"
            f"{'user root' if os.geteuid() == 0 else ''}\ninclude_dir {folder}/conf.d\n"
        )
        self.log = open(folder / "log", "wb")  # noqa: SIM115
        assert MOSQUITTO
        self.process = subprocess.Popen([MOSQUITTO, "-c", folder / "mosquitto.conf"], stderr=self.log)
        deadline = time.monotonic() + 10
        while not self.answers() and time.monotonic() < deadline:
            assert self.process.poll() is None, (folder / "log").read_text()
            time.sleep(0.05)

    def url(self, account: str) -> str:
        return f"mqtt://{account}:{PASSWORD}-{account}@127.0.0.1:{self.plain}"

    def write_accounts(self, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `capto broker-accounts` as deploy/README.md says."""
        given = {
            "CAPTO_MQTT_URL": self.url("bridge"),
            "CAPTO_MQTT_KEEPER_URL": self.url("keeper"),
            "CAPTO_MQTT_WATCHER_URL": self.url("watcher"),
            "CAPTO_TOKENS_PASSWORD": f"{PASSWORD}-tokens",
            **environment,
        }
        command = [sys.executable, "-m", "capto", "broker-accounts", str(self.accounts)]
        return subprocess.run(command, env={**os.environ, **given}, capture_output=True, text=True)

    def admit(self, username: str, secret: str, *topics: str) -> None:
        """Give a device its account, as the keeper in `capto bridge` does."""
        control = Control(Address(self.url("keeper")))
        control.admit(username, secret, topics)
        control.close()

    def answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.tls), 1).close()
        except OSError:
            return False
        return True

    def client(self, account: str, password: str, *, tls: bool, client_id: str = "") -> mqtt.Client:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id or account, clean_session=True)
        if account:
            client.username_pw_set(account, password)
        if tls:
            client.tls_set(str(self.authority))
        client.connect("localhost", self.tls if tls else self.plain)
        client.loop_start()
        return client

    def handshake(self, version: ssl.TLSVersion) -> str | None:
        context = ssl.create_default_context(cafile=str(self.authority))
        context.minimum_version = context.maximum_version = version
        context.set_ciphers("ALL:@SECLEVEL=0")
        with (
            socket.create_connection(("127.0.0.1", self.tls), 5) as connection,
            context.wrap_socket(connection, server_hostname="localhost") as secure,
        ):
            return secure.version()

    def refusal(self, account: str, password: str) -> str:
        """Connect over TLS and give the broker's answer."""
        answers: list[str] = []
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=account or "nobody", clean_session=True)
        if account:
            client.username_pw_set(account, password)
        client.tls_set(str(self.authority))
        client.on_connect = lambda c, d, f, reason, p: answers.append(str(reason))
        client.connect("localhost", self.tls)
        client.loop_start()
        deadline = time.monotonic() + 10
        while not answers and time.monotonic() < deadline:
            time.sleep(0.02)
        client.disconnect()
        client.loop_stop()
        return answers[0]


def plugin() -> Path:
    """Find the plugin where Debian's package put it, as the `ln` of deploy/README.md does."""
    return next(Path("/usr/lib").rglob("mosquitto_dynamic_security.so"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_certificate(folder: Path) -> None:
    """Make a throw-away authority and a certificate for localhost."""
    openssl = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    subprocess.run(
        [
            *openssl,
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")),
        ],
        check=True,
        capture_output=True,
    )
    shutil.copy(folder / "fullchain.pem", folder / "authority.pem")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    running = Broker(tmp_path)
    yield running
    running.process.send_signal(signal.SIGTERM)
    running.process.wait(10)
    running.log.close()


def heard_by_the_bridge(broker: Broker) -> tuple[mqtt.Client, list[str]]:
    """Connect as the bridge and listen to everything."""
    received: list[str] = []
    bridge = broker.client("bridge", f"{PASSWORD}-bridge", tls=False)
    bridge.on_message = lambda c, u, message: received.append(message.topic)
    subscribed: list[int] = []
    bridge.on_subscribe = lambda *_: subscribed.append(1)
    bridge.subscribe("#", qos=1)
    deadline = time.monotonic() + 10
    while not subscribed and time.monotonic() < deadline:
        time.sleep(0.02)
    assert subscribed
    return bridge, received


def test_a_sensor_publishes_over_tls_to_its_own_topic_and_no_other(broker: Broker) -> None:
    bridge, received = heard_by_the_bridge(broker)
    broker.admit("cdevice", "device", "airgradient/readings/d83bda1d7660")
    device = broker.client("cdevice", "device", tls=True)
    overheard: list[str] = []
    device.on_message = lambda c, u, message: overheard.append(message.topic)
    device.subscribe([("#", 1), ("$SYS/#", 1), ("$CONTROL/#", 1)])
    for topic in (
        "airgradient/readings/aaaaaaaaaaaa",
        "capto/bridges/bridge",
        "$CONTROL/dynamic-security/v1",
        "airgradient/readings/d83bda1d7660",
    ):
        device.publish(topic, b"{}", qos=1).wait_for_publish(10)
    deadline = time.monotonic() + 10
    while not received and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)
    assert received == ["airgradient/readings/d83bda1d7660"]
    assert overheard == []
    for client in (bridge, device):
        client.disconnect()
        client.loop_stop()


def test_nobody_comes_in_without_a_name_with_a_wrong_password_or_without_tls(broker: Broker) -> None:
    broker.admit("cdevice", "device", "airgradient/readings/d83bda1d7660")
    assert broker.refusal("cdevice", "device") == "Success"
    for account, password in (("", ""), ("cdevice", "other"), ("stranger", "device"), ("bridge", "bridge")):
        assert broker.refusal(account, password) == "Not authorized", account
    with socket.create_connection(
        ("127.0.0.1", broker.tls), 5
    ) as plain:  # MQTT without TLS, at the port of TLS
        plain.sendall(b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00")
        plain.settimeout(5)
        with suppress(ConnectionResetError):
            assert plain.recv(4)[:1] != b"\x20"  # no CONNACK


def test_a_device_cannot_take_the_bridges_session_over(broker: Broker) -> None:
    bridge, received = heard_by_the_bridge(broker)
    broker.admit("cdevice", "device", "airgradient/readings/d83bda1d7660")
    thief = broker.client("cdevice", "device", tls=True, client_id="bridge")
    thief.publish("airgradient/readings/d83bda1d7660", b"{}", qos=1).wait_for_publish(10)
    deadline = time.monotonic() + 10
    while not received and time.monotonic() < deadline:
        time.sleep(0.02)
    assert received and bridge.is_connected()
    for client in (bridge, thief):
        client.disconnect()
        client.loop_stop()


def test_an_account_that_is_removed_is_cut_at_once_and_survives_no_restart(broker: Broker) -> None:
    broker.admit("cdevice", "device", "airgradient/readings/d83bda1d7660")
    cut: list[int] = []
    device = broker.client("cdevice", "device", tls=True)
    device.on_disconnect = lambda *_: cut.append(1)
    device.reconnect_delay_set(30, 30)
    deadline = time.monotonic() + 10
    while not device.is_connected() and time.monotonic() < deadline:
        time.sleep(0.02)
    control = Control(Address(broker.url("keeper")))
    assert set(control.accounts()) == {"cdevice"}
    control.remove("cdevice")
    control.close()
    while not cut and time.monotonic() < deadline:
        time.sleep(0.02)
    assert cut and broker.refusal("cdevice", "device") == "Not authorized"
    device.loop_stop()


def test_our_own_accounts_are_written_anew_and_the_devices_stay(broker: Broker) -> None:
    broker.admit("cdevice", "device", "airgradient/readings/d83bda1d7660")
    assert broker.write_accounts().returncode == 0
    clients = {client["username"] for client in json.loads(broker.accounts.read_text())["clients"]}
    assert clients == {"bridge", "keeper", "watcher", "tokens", "cdevice"}  # and nobody who plays devices
    assert broker.accounts.stat().st_mode & 0o777 == 0o600
    for wrong in ({"CAPTO_MQTT_KEEPER_URL": ""}, {"CAPTO_MQTT_URL": "mqtt://bridge:short@127.0.0.1"}):
        refused = broker.write_accounts(**wrong)
        assert refused.returncode == 2 and "Traceback" not in refused.stderr


def test_kits_without_a_password_publish_under_their_own_token_alone(broker: Broker, tmp_path: Path) -> None:
    bridge, received = heard_by_the_bridge(broker)
    port, folder = free_port(), tmp_path / "tokens"
    folder.mkdir(mode=0o755)
    text = (DEPLOY / "mosquitto" / "tokens.conf").read_text()
    for old, new in (
        ("listener 1884", f"listener {port} 127.0.0.1"),
        ("127.0.0.1:1883", f"127.0.0.1:{broker.plain}"),
        ("change-me-change-me", f"{PASSWORD}-tokens"),
        ("/etc/mosquitto/tokens/", f"{folder}/"),
    ):
        assert old in text
        text = text.replace(old, new)
    (folder / "tokens.conf").write_text(text + ("user root\n" if os.geteuid() == 0 else ""))
    shutil.copy(DEPLOY / "mosquitto" / "tokens.access", folder)
    assert MOSQUITTO
    door = subprocess.Popen([MOSQUITTO, "-c", folder / "tokens.conf"], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        kit = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="abc123", clean_session=True)
        overheard: list[str] = []
        kit.on_message = lambda c, u, message: overheard.append(message.topic)
        while time.monotonic() < deadline:
            try:
                kit.connect("127.0.0.1", port)
                break
            except OSError:
                time.sleep(0.1)
        kit.loop_start()
        kit.subscribe("#", qos=1)
        while not received and time.monotonic() < deadline:
            kit.publish("device/sck/zzz999/readings/raw", b"{}", qos=1)  # another's token
            kit.publish("airgradient/readings/d83bda1d7660", b"{}", qos=1)
            kit.publish("device/sck/abc123/readings/raw", b"{}", qos=1)
            time.sleep(0.3)
        assert set(received) == {"device/sck/abc123/readings/raw"} and overheard == []
        kit.disconnect()
        kit.loop_stop()
    finally:
        door.terminate()
        door.wait(10)
        bridge.disconnect()
        bridge.loop_stop()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_tls_is_modern_and_the_plain_port_is_for_this_machine_alone(broker: Broker) -> None:
    assert broker.handshake(ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    assert broker.handshake(ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        broker.handshake(ssl.TLSVersion.TLSv1_1)
    others = [
        line.split()[1]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[1].endswith(f":{broker.plain:04X}")
    ]
    assert others == [f"0100007F:{broker.plain:04X}"]
