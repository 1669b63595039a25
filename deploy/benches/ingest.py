"""How fast messages become rows: the table alone, the broker alone, and the bridge from one to the other.

Cases, each the median of its rounds:
  copy          binary COPY of ready rows into the same table with its index: the limit of the database
  client        broker to a paho subscriber with an empty callback, QoS 1, manual acknowledgement
  end_to_end    broker -> `capto bridge` -> committed rows, draining the same queue; alternates with `client`
  shared        two bridges that share the subscription, draining the same queue (ratio to one)
  latency       from publication to the committed row under steady 1,000 messages/s
  node_red      with --peer: Node-RED from npm draining the same queue, one row per value, no key; alternates with
                the bridge
Name cases to run those only. Messages are AirGradient JSON of 12 stored values from 1,000 devices. Their own cycle
counter is the ledger: each (device, counter) must stand in the table once (`lost`, `twice`).
"""

import argparse
import json
import os
import signal
import statistics
import struct
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

import _latency
import paho.mqtt.client as mqtt
import psycopg
from _fleet import DEVICES, STORED, Publisher, add_fleet, device_of, messages, packet
from _node_red import NodeRed, drained
from paho.mqtt.enums import CallbackAPIVersion

DRAIN_WITHIN_S = 120.0
FILTER = "airgradient/readings/+"


def say(**figures: object) -> None:
    """Print one result as a JSON line."""
    print(json.dumps({"bench": "ingest", **figures}), flush=True)


def note(text: str) -> None:
    """Tell the reader of standard error what goes on."""
    print(text, file=sys.stderr, flush=True)


def copy_limit(connection: psycopg.Connection, count: int) -> float:
    """Rows/s of a binary COPY whose bytes are ready, into the empty table with its index."""
    width = len(STORED)
    values = b"".join(struct.pack(">id", 8, 1.5 * n) for n in range(width))
    array = struct.pack(">iiiii", 1, 0, 701, width, 1) + values  # float8[] in binary form
    began_us = int(
        (time.time() - 3600 - 946_684_800) * 1e6
    )  # microseconds since 2000-01-01, as PostgreSQL counts
    sensors = [key for (key,) in connection.execute("SELECT id FROM catalogue_sensor ORDER BY id")]
    (layout,) = connection.execute("SELECT min(id) FROM readings_layout").fetchone() or (None,)
    rows = []
    for number in range(count):
        moment = struct.pack(">iq", 8, began_us + number)
        sensor = struct.pack(">iq", 8, sensors[number % len(sensors)])
        rows.append(
            struct.pack(">h", 5)
            + sensor
            + moment
            + struct.pack(">ih", 2, layout)
            + moment
            + struct.pack(">i", len(array))
            + array
        )
    chunks = [b"".join(rows[start : start + 1_000]) for start in range(0, count, 1_000)]
    empty(connection)
    began = time.perf_counter()
    with connection.cursor().copy(
        "COPY readings_raw_message (sensor_id, observed_at, layout_id, received_at, values) FROM STDIN (FORMAT binary)"
    ) as copy:
        copy.write(b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0))
        for chunk in chunks:
            copy.write(chunk)
        copy.write(struct.pack(">h", -1))
    took = time.perf_counter() - began
    (stored,) = connection.execute("SELECT count(*) FROM readings_raw_message").fetchone() or (0,)
    assert stored == count
    return count / took


def empty(connection: psycopg.Connection) -> None:
    """Take the rows of the round before away."""
    for table in ("raw_message", "dirty_hour", "rejected_message", "device_state"):
        connection.execute(f"TRUNCATE readings_{table}")


def fill_queue(count: int, filters: dict[str, str] | None = None) -> None:
    """Let sessions exist with nothing connected (the bridge's, or the filter of each URL), and publish into them."""
    for url, wanted in (filters or {os.environ["CAPTO_MQTT_URL"]: FILTER}).items():
        session(connect_only=True, url=url, wanted=wanted)
    packets = [packet(topic, content, number) for number, (topic, content) in enumerate(messages(count))]
    Publisher(os.environ["CAPTO_MQTT_PUBLISHER_URL"]).publish(packets)


def session(*, connect_only: bool, count: int = 0, url: str = "", wanted: str = FILTER) -> float:
    """Be a subscriber that does nothing; returns messages/s between the first message and the last."""
    parts = urlsplit(url or os.environ["CAPTO_MQTT_URL"])
    user = unquote(parts.username or "capto-bridge")
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=user,
        clean_session=False,
        protocol=mqtt.MQTTv311,
        manual_ack=True,
    )
    client.username_pw_set(user, unquote(parts.password or ""))
    times = [0.0, 0.0]
    seen = 0

    def on_message(client: mqtt.Client, _: object, message: mqtt.MQTTMessage) -> None:
        nonlocal seen
        if not seen:
            times[0] = time.perf_counter()
        client.ack(message.mid, message.qos)
        seen += 1
        if seen == count:
            times[1] = time.perf_counter()
            client.disconnect()

    def on_connect(client: mqtt.Client, *_: object) -> None:
        client.subscribe(wanted, qos=1)

    client.on_message = on_message
    client.on_connect = on_connect
    if connect_only:
        client.on_subscribe = lambda client, *_: client.disconnect()
    client.connect(parts.hostname or "", parts.port or 1883)
    client.loop_forever()
    return count / (times[1] - times[0]) if count else 0.0


def client_limit(count: int) -> float:
    """Messages/s of a subscriber with an empty callback, in a process of its own."""
    fill_queue(count)
    words = [sys.executable, __file__, "--as-client", str(count)]
    done = subprocess.run(words, check=True, capture_output=True, text=True, timeout=DRAIN_WITHIN_S)
    return float(done.stdout)


def capto_bridge(url: str = "", *options: str) -> "subprocess.Popen[bytes]":
    """Start the bridge as anyone does."""
    environment = {**os.environ, "CAPTO_MQTT_URL": url or os.environ["CAPTO_MQTT_URL"]}
    words = [sys.executable, "-m", "capto", "bridge", *options]
    return subprocess.Popen(words, stdout=sys.stderr, env=environment)


def forget(url: str) -> None:
    """Connect once with a clean session: what the broker keeps for this account is gone."""
    parts = urlsplit(url)
    user = unquote(parts.username or "")
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=user, clean_session=True)
    client.username_pw_set(user, unquote(parts.password or ""))
    client.on_connect = lambda client, *_: client.disconnect()
    client.connect(parts.hostname or "", parts.port or 1883)
    client.loop_forever()


def shared(connection: psycopg.Connection, count: int) -> dict[str, float]:
    """Drain a queue through two bridges that share it, each at its end, and compare the table with the ledger."""
    urls = [os.environ["CAPTO_MQTT_URL"], os.environ["CAPTO_MQTT_SECOND_URL"]]
    for url in urls:
        forget(url)
    fill_queue(count, dict.fromkeys(urls, f"$share/bench/{FILTER}"))
    empty(connection)
    processes = [capto_bridge(url, "--share", "bench") for url in urls]
    try:
        until = time.monotonic() + DRAIN_WITHIN_S
        while True:
            now = time.time()
            (rows,) = connection.execute("SELECT count(*) FROM readings_raw_message").fetchone() or (0,)
            if rows >= count:
                break
            assert time.monotonic() < until, f"{count - rows} messages did not come in time"
            time.sleep(0.05)
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
            process.wait(10)
        for url in urls:
            forget(url)
    began, rows, distinct = connection.execute(
        "SELECT extract(epoch FROM min(received_at))::float8, count(*),"
        " count(DISTINCT (sensor_id, values[position]))"
        " FROM readings_raw_message JOIN readings_layoutchannel USING (layout_id) WHERE property_id = 'boot_count'"
    ).fetchone() or (0.0, 0, 0)
    return {"messages_per_s": count / (now - began), "lost": count - distinct, "twice": rows - distinct}


def latency(connection: psycopg.Connection) -> None:
    """Measure and say the case `latency`."""
    forget(os.environ["CAPTO_MQTT_URL"])
    empty(connection)
    process = capto_bridge()
    try:
        time.sleep(3.0)  # connected, and its first marker back
        figures = _latency.measure(connection, per_s=1_000, seconds=20.0)
        memory_mb = memory_of(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
    floor = _latency.commit_ms(connection)
    say(
        case="latency",
        **figures,
        rss_mb=round(memory_mb),
        limit_ms=100,
        commit_p99_ms=round(floor, 2),
        ratio_to_commit=round(figures["p99_ms"] / floor, 1),
    )


def node_red(connection: psycopg.Connection, count: int, rounds: int) -> None:
    """Measure and say the case `node_red`, in values/s, each round beside one of the bridge's."""
    peer = NodeRed(Path(os.environ["CAPTO_RUN"]).parent / "peer", topic=FILTER, keys=STORED)
    peer.install()
    peers, bridges, missing = [], [], 0
    for _ in range(rounds):
        bridges.append(end_to_end(connection, count)["messages_per_s"] * len(STORED))
        fill_queue(count)
        rate, rows = drained(connection, peer, count, within_s=DRAIN_WITHIN_S)
        peers.append(rate)
        missing += count * len(STORED) - rows
        forget(os.environ["CAPTO_MQTT_URL"])
        note(f"bridge {bridges[-1]:.0f} values/s, Node-RED {rate:.0f}")
    rate, bridge = statistics.median(peers), statistics.median(bridges)
    say(
        case="node_red",
        values_per_s=round(rate),
        missing_values=missing,
        bridge_values_per_s=round(bridge),
        bridge_ratio_to_node_red=round(bridge / rate, 1) if rate else None,
    )


def end_to_end(connection: psycopg.Connection, count: int) -> dict[str, float]:
    """Drain a queue through the bridge into the empty table, and compare the table with the ledger."""
    fill_queue(count)
    empty(connection)
    last_device, last_number = device_of((count - 1) % DEVICES), (count - 1) // DEVICES
    (last_sensor,) = connection.execute(
        "SELECT id FROM catalogue_sensor WHERE device_id = %s", (last_device,)
    ).fetchone() or (0,)
    process = capto_bridge()
    try:
        until = time.monotonic() + DRAIN_WITHIN_S
        while True:
            now = time.time()
            found = connection.execute(
                "SELECT FROM readings_raw_message WHERE sensor_id = %s AND %s = ANY (values)"
                " AND cardinality(values) = %s",
                (last_sensor, float(last_number), len(STORED)),
            ).fetchone()
            if found is not None and boot_counts(connection, last_sensor) >= last_number:
                break
            assert time.monotonic() < until, "the queue was not drained in time"
            time.sleep(0.02)
        cpu_s = cpu_of(process.pid)
        memory_mb = memory_of(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
    began, rows, distinct = connection.execute(
        "SELECT extract(epoch FROM min(received_at))::float8, count(*),"
        " count(DISTINCT (sensor_id, values[position]))"
        " FROM readings_raw_message JOIN readings_layoutchannel USING (layout_id) WHERE property_id = 'boot_count'"
    ).fetchone() or (0.0, 0, 0)
    return {
        "messages_per_s": count / (now - began),
        "lost": count - distinct,
        "twice": rows - distinct,
        "cpu_us_per_message": cpu_s / count * 1e6,
        "memory_mb": memory_mb,
    }


def boot_counts(connection: psycopg.Connection, sensor: int) -> float:
    """The largest cycle counter stored of one sensor."""
    (largest,) = connection.execute(
        "SELECT max(values[position]) FROM readings_raw_message JOIN readings_layoutchannel USING (layout_id)"
        " WHERE sensor_id = %s AND property_id = 'boot_count'",
        (sensor,),
    ).fetchone() or (None,)
    return float(largest if largest is not None else -1)


def cpu_of(pid: int) -> float:
    """Seconds of processor time that a process used."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime, stime: proc(5)


def memory_of(pid: int) -> float:
    """Resident memory of a process at its highest, in megabytes."""
    with open(f"/proc/{pid}/status") as file:
        (line,) = [line for line in file if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1000


def throughput(connection: psycopg.Connection, count: int, rounds: int) -> float:
    """Measure and say the cases `copy`, `client` and `end_to_end`; returns messages/s end to end."""
    width = len(STORED)
    clients, bridges = [], []
    for number in range(rounds):
        clients.append(client_limit(count))
        bridges.append(end_to_end(connection, count))
        note(f"round {number + 1}: client {clients[-1]:.0f} messages/s, bridge {bridges[-1]}")
    copies = [copy_limit(connection, count) for _ in range(rounds)]
    copy, client = statistics.median(copies), statistics.median(clients)
    middle = sorted(bridges, key=lambda figures: figures["messages_per_s"])[len(bridges) // 2]
    rate = middle["messages_per_s"]
    say(case="copy", messages_per_s=round(copy), values_per_s=round(copy * width))
    say(case="client", messages_per_s=round(client))
    say(
        case="end_to_end",
        messages_per_s=round(rate),
        values_per_s=round(rate * width),
        ratio_to_copy=round(rate / copy, 3),
        ratio_to_client=round(rate / client, 3),
        lost=sum(figures["lost"] for figures in bridges),
        twice=sum(figures["twice"] for figures in bridges),
        cpu_us_per_message=round(middle["cpu_us_per_message"], 1),
        memory_mb=round(max(figures["memory_mb"] for figures in bridges)),
    )
    return rate


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "cases", nargs="*", choices=[[], "copy", "client", "end_to_end", "shared", "latency"], metavar="CASE"
    )
    parser.add_argument("--peer", action="store_true", help="measure Node-RED beside the bridge")
    parser.add_argument("--messages", type=int, default=100_000, help="in each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--as-client", type=int, metavar="COUNT", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.as_client:
        print(session(connect_only=False, count=given.as_client))
        return
    cases = set(given.cases or ("copy", "client", "end_to_end", "shared", "latency"))
    add_fleet()
    connection = psycopg.connect(os.environ["CAPTO_DATABASE_URL"], autocommit=True)
    rate = 0.0
    if cases & {"copy", "client", "end_to_end", "shared"}:
        rate = throughput(connection, given.messages, given.rounds)
    if "shared" in cases:
        figures = shared(connection, given.messages)
        together = figures.pop("messages_per_s")
        ratio = round(together / rate, 2)
        say(case="shared", messages_per_s=round(together), ratio_to_one_bridge=ratio, **figures)
    if "latency" in cases:
        latency(connection)
    if given.peer:
        node_red(connection, min(given.messages, 50_000), min(given.rounds, 3))


if __name__ == "__main__":
    main()
