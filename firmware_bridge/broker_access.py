"""Keep the broker's accounts of devices equal to the valid credentials, by Mosquitto's dynamic-security plugin.

A thread of `capto bridge`, the only one that may change accounts. A new credential comes with its secret on a
channel of the database at its commit; one that is revoked, or whose placement has ended, is taken from the broker,
which cuts its connection. Nothing else tells it: lending opens and closes placements and knows of no broker.
"""

import itertools
import json
import logging
import select
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

import paho.mqtt.client as mqtt
import psycopg
from paho.mqtt.enums import CallbackAPIVersion

from firmware_bridge import database
from firmware_bridge.formats import FORMATS
from firmware_bridge.link import Address

logger = logging.getLogger(__name__)

COMMANDS = "$CONTROL/dynamic-security/v1"
ADMIT = (
    "capto_admit_to_broker"  # as firmware_bridge.models.credential has it, which loads Django's applications
)
LOOK_EVERY_S = 2.0  # seconds; a placement that ends by the clock, and not by a change, is seen by then
COMPARE_EVERY_S = 60.0
ANSWER_WITHIN_S = 10.0
RETRY_S = 3.0
ROLE = "device-"  # of one account, followed by its name: the mark of what is ours to remove

_REVOKE_ENDED = """
UPDATE firmware_bridge_credential AS credential SET revoked_at = placement.ends_at
FROM readings_placement AS placement
WHERE placement.id = credential.placement_id AND credential.revoked_at IS NULL AND placement.ends_at <= now()"""
# What was issued on the bench goes with the first loan, whose borrower gets its own.
_REVOKE_LENT = """
UPDATE firmware_bridge_credential AS credential SET revoked_at = placement.starts_at
FROM readings_placement AS placement
WHERE credential.placement_id IS NULL AND credential.revoked_at IS NULL AND placement.purpose = 'loan'
  AND placement.sensor_id = credential.sensor_id AND placement.starts_at > credential.created_at
  AND placement.starts_at <= now()"""
# Each valid account with the devices for which it speaks; a gateway without devices has one row without one.
_VALID = """
SELECT credential.username, credential.gateway_id IS NOT NULL, sensor.wire_format, sensor.device_id
FROM firmware_bridge_credential AS credential
LEFT JOIN firmware_bridge_gateway_sensors AS behind ON behind.gateway_id = credential.gateway_id
LEFT JOIN catalogue_sensor AS sensor ON sensor.id = coalesce(credential.sensor_id, behind.sensor_id)
WHERE credential.revoked_at IS NULL AND (%(username)s = '' OR credential.username = %(username)s)"""
_ADMITTED = "UPDATE firmware_bridge_credential SET admitted_at = now() WHERE username = %s"


class BrokerRefuses(Exception):
    """The plugin answered a command with an error, or not at all."""


def topics_of(wire_format: str, device: str) -> list[str]:
    """The topics that a device publishes to: those of its format, with the device where the topic names it.

    Empty for formats whose topics name no device: such a sensor cannot be bound to topics of its own.
    """
    format_ = FORMATS.get(wire_format)
    found = []
    for topic_filter in format_.topics if format_ is not None else ():
        levels = topic_filter.split("/")
        for place, level in enumerate(levels):
            if level in "+#" and device and "/" not in device and "+" not in device and "#" not in device:
                candidate = [*levels[:place], device, *levels[place + 1 :]]
                example = "/".join("x" if other in "+#" else other for other in candidate)
                if format_ is not None and format_.device_from_topic(example) == device:
                    found.append("/".join(candidate))
    return found


class Control:
    """A connection to the plugin; each call waits for its answer."""

    def __init__(self, address: Address) -> None:
        self._answers: dict[str, dict[str, Any]] = {}
        self._answered = threading.Condition()
        self._numbers = itertools.count(1)
        self._subscribed = threading.Event()
        self._refused = ""
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=address.user, clean_session=True)
        self._client.username_pw_set(address.user, address.password or None)
        if address.has_tls:
            self._client.tls_set()
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._on_message
        self._client.connect(address.host, address.port)
        self._client.loop_start()
        if not self._subscribed.wait(ANSWER_WITHIN_S):
            self.close()
            raise BrokerRefuses(self._refused or "the broker does not answer")

    def close(self) -> None:
        """End the connection."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(
        self, client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any
    ) -> None:
        self._refused = str(reason) if reason.is_failure else ""
        client.subscribe(f"{COMMANDS}/response", qos=1)

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        with self._answered:
            for answer in json.loads(message.payload)["responses"]:
                self._answers[answer.get("correlationData", "")] = answer
            self._answered.notify_all()

    def _call(self, command: str, **arguments: Any) -> dict[str, Any]:
        number = str(next(self._numbers))
        payload = {"commands": [{"command": command, **arguments, "correlationData": number}]}
        self._client.publish(COMMANDS, json.dumps(payload), qos=1)
        with self._answered:
            if not self._answered.wait_for(lambda: number in self._answers, ANSWER_WITHIN_S):
                raise BrokerRefuses(f"{command} was not answered")
            return self._answers.pop(number)

    def accounts(self) -> dict[str, set[str]]:
        """The devices' accounts, each with the topics to which it may publish."""
        answer = self._call("listRoles", verbose=True, count=-1, offset=0)
        roles: Sequence[dict[str, Any]] = answer.get("data", {}).get("roles", ())
        return {
            role["rolename"].removeprefix(ROLE): {rule["topic"] for rule in role.get("acls", ())}
            for role in roles
            if role["rolename"].startswith(ROLE)
        }

    def admit(self, username: str, secret: str, topics: Sequence[str]) -> None:
        """Add an account that may publish to its topics and do nothing else. Raises BrokerRefuses."""
        self.remove(username)
        role = ROLE + username
        for answer in (
            self._call("createRole", rolename=role, acls=_rules(topics)),
            self._call(
                "createClient", username=username, password=secret, roles=[{"rolename": role, "priority": 0}]
            ),
        ):
            if "error" in answer:
                raise BrokerRefuses(f"{answer.get('command')}: {answer['error']}")

    def allow(self, username: str, topics: Sequence[str]) -> None:
        """Change the topics of an account, whose connection stays. Raises BrokerRefuses."""
        answer = self._call("modifyRole", rolename=ROLE + username, acls=_rules(topics))
        if "error" in answer:
            raise BrokerRefuses(f"modifyRole: {answer['error']}")

    def remove(self, username: str) -> None:
        """Take an account away and cut its connection; nothing where there is none."""
        self._call("deleteClient", username=username)
        self._call("deleteRole", rolename=ROLE + username)


def _rules(topics: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"acltype": "publishClientSend", "topic": topic, "priority": 0, "allow": True} for topic in topics
    ]


class Keeper(threading.Thread):
    """Keep accounts and credentials equal until `stop`; waits for a broker or a database that is away."""

    def __init__(self, address: Address) -> None:
        super().__init__(name="broker-accounts", daemon=True)
        self._address = address
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self.join(5.0)

    def run(self) -> None:
        """Work until stopped; what fails is tried again."""
        while not self._stopping.is_set():
            try:
                self._keep()
            except (psycopg.Error, OSError, BrokerRefuses) as error:
                logger.warning("the broker's accounts cannot be kept now (%s); trying again", error)
                self._stopping.wait(RETRY_S)
            except Exception:  # the accounts of later loans must not depend on one defect
                logger.exception("the broker's accounts cannot be kept now; trying again")
                self._stopping.wait(RETRY_S)

    def _keep(self) -> None:
        told: deque[psycopg.Notify] = deque()
        with database.connect() as connection:
            connection.add_notify_handler(told.append)
            connection.execute(f"LISTEN {ADMIT}")
            control = Control(self._address)
            try:
                compared_at = -COMPARE_EVERY_S
                while not self._stopping.is_set():
                    # A statement also brings what was told meanwhile.
                    changed = connection.execute(_REVOKE_ENDED).rowcount > 0
                    changed |= connection.execute(_REVOKE_LENT).rowcount > 0
                    while told:
                        note = told.popleft()
                        changed = True
                        if note.channel == ADMIT:
                            self._admit(json.loads(note.payload), control, connection)
                    if changed or time.monotonic() - compared_at >= COMPARE_EVERY_S:
                        compared_at = time.monotonic()
                        self._make_equal(control, connection)
                    select.select([connection], [], [], LOOK_EVERY_S)
            finally:
                control.close()

    @staticmethod
    def _admit(note: dict[str, str], control: Control, connection: psycopg.Connection) -> None:
        username = note["username"]
        found = _valid(connection, username)
        if username not in found:
            return  # revoked meanwhile
        topics, is_gateway = found[username]
        if not topics and not is_gateway:
            logger.info(
                "the sensor of %s has no topics of its own: it is not admitted to the broker", username
            )
            return
        control.admit(username, note["secret"], topics)
        connection.execute(_ADMITTED, (username,))

    @staticmethod
    def _make_equal(control: Control, connection: psycopg.Connection) -> None:
        """Remove the accounts of ended credentials, and correct the topics of those whose devices changed."""
        valid = _valid(connection)
        for username, allowed in control.accounts().items():
            if username not in valid:
                control.remove(username)
                logger.info("the account %s was taken from the broker", username)
            elif allowed != set(valid[username][0]):
                control.allow(username, valid[username][0])
                logger.info("the topics of the account %s were changed", username)


def _valid(connection: psycopg.Connection, username: str = "") -> dict[str, tuple[list[str], bool]]:
    """The valid accounts (all, or one): the topics of each, and whether it is a gateway's."""
    found: dict[str, tuple[list[str], bool]] = {}
    for name, is_gateway, wire_format, device in connection.execute(_VALID, {"username": username}):
        topics, _ = found.setdefault(name, ([], is_gateway))
        if device is not None:
            topics += topics_of(wire_format, device)
    return found
