"""Look at the broker: whether it answers, how much waits in it, what it had to drop. A task, each minute.

By an account of its own that reads `$SYS` and nothing else, so that it works while the bridge does not.
"""

import threading
from datetime import datetime
from typing import Any

import paho.mqtt.client as mqtt
from django.conf import settings
from django.utils import timezone
from paho.mqtt.enums import CallbackAPIVersion

from firmware_bridge.link import Address
from firmware_bridge.models import BrokerState

# Topics of Mosquitto (mosquitto.8, "Broker status") and what we call them.
FIGURES = {
    "$SYS/broker/store/messages/count": "stored_messages",
    "$SYS/broker/store/messages/bytes": "stored_bytes",
    "$SYS/broker/retained messages/count": "retained_messages",
    "$SYS/broker/publish/messages/dropped": "dropped_messages",
    "$SYS/broker/clients/connected": "connected_clients",
    "$SYS/broker/messages/received": "received_messages",
    "$SYS/broker/load/messages/received/1min": "received_per_minute",
}
ANSWERS_WITHIN_S = 12.0  # one that has just started says nothing before its first ten seconds are over
ALL_WITHIN_S = 3.0  # after the first figure: they are retained and come together


class BrokerDoesNotAnswer(Exception):
    """No connection, no permission, or no figure in time; the text says which."""


def look(url: str) -> dict[str, float]:
    """Read the broker's figures. Raises BrokerDoesNotAnswer."""
    address = Address(url)
    figures: dict[str, float] = {}
    refused: list[str] = []
    first, complete = threading.Event(), threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=address.user, clean_session=True)
    if address.user:
        client.username_pw_set(address.user, address.password or None)
    if address.has_tls:
        client.tls_set()

    def on_connect(client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            refused.append(str(reason))
            first.set()
            return
        client.subscribe([(topic, 0) for topic in FIGURES])

    def on_message(_client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        try:
            figures[FIGURES[message.topic]] = float(message.payload)
        except (KeyError, ValueError):
            return
        first.set()
        if len(figures) == len(FIGURES):
            complete.set()

    client.on_connect, client.on_message = on_connect, on_message
    try:
        client.connect(address.host, address.port)
    except OSError as error:
        raise BrokerDoesNotAnswer(error.strerror or str(error)) from error
    client.loop_start()
    try:
        if not first.wait(ANSWERS_WITHIN_S):
            raise BrokerDoesNotAnswer("it says nothing of itself to this account")
        if refused:
            raise BrokerDoesNotAnswer(refused[0])
        complete.wait(ALL_WITHIN_S)
    finally:
        client.disconnect()
        client.loop_stop()
    return figures


def look_now(now: datetime | None = None) -> str:
    """Look at the broker and keep what it says; returns what is wrong, '' for nothing."""
    now = now or timezone.now()
    url = settings.MQTT_WATCHER_URL
    if not url:
        return "CAPTO_MQTT_WATCHER_URL is not set"
    try:
        figures, problem = look(url), ""
    except BrokerDoesNotAnswer as error:
        figures, problem = None, str(error)
    BrokerState.note(figures=figures, problem=problem, now=now)
    return problem
