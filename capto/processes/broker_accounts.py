"""The broker's accounts as the configuration of Mosquitto's dynamic-security plugin. No Django here.

Devices' accounts are added and removed while the broker runs (`firmware_bridge.broker_access`); those of our own
processes stand here. What no rule allows is refused.
"""

import hashlib
import secrets
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

ITERATIONS = 10_000  # of PBKDF2-SHA512; our own passwords are random, so that the number matters little
SALT_BYTES = 12  # as the plugin makes them (plugins/dynamic_security/auth.c)
EVERYTHING = ("#", "$SYS/#")


def _rule(kind: str, topic: str) -> dict[str, Any]:
    return {"acltype": kind, "topic": topic, "priority": 0, "allow": True}


def _reads(*topics: str) -> list[dict[str, Any]]:
    kinds = ("subscribePattern", "publishClientReceive")
    return [_rule(kind, topic) for topic in topics for kind in kinds]


def _bridge(account: str) -> list[dict[str, Any]]:
    # Its own markers tell a bridge how long messages wait in the broker.
    marker = f"capto/bridges/{account}"
    return [*_reads(*EVERYTHING), _rule("subscribePattern", "$share/#"), _rule("publishClientSend", marker)]


_PUBLISHES = [_rule("publishClientSend", "#")]
CONTROL = "$CONTROL/dynamic-security/#"
ACCOUNTS: Mapping[str, list[dict[str, Any]]] = {  # each is one client, named after its account
    "bridge": _bridge("bridge"),
    "bridge2": _bridge("bridge2"),  # shares the messages with the first
    "publisher": _PUBLISHES,
    "simulation": _PUBLISHES,
    "watcher": _reads("$SYS/#"),  # looks at the broker's own figures
    "keeper": [*_reads(CONTROL), _rule("publishClientSend", CONTROL)],  # adds and removes devices' accounts
}


def configuration(passwords: Mapping[str, str], known: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Make the plugin's configuration: our accounts with these passwords, and the devices' as `known` has them."""
    known = known or {}
    clients = [client for client in known.get("clients", ()) if client.get("username") not in ACCOUNTS]
    roles = [role for role in known.get("roles", ()) if role.get("rolename") not in ACCOUNTS]
    for account, rules in ACCOUNTS.items():
        roles.append({"rolename": account, "acls": rules})
        clients.append(
            {
                "username": account,
                "roles": [{"rolename": account, "priority": 0}],
                **_hashed(passwords[account]),
            }
        )
    kinds = ("publishClientSend", "publishClientReceive", "subscribe")
    return {
        "defaultACLAccess": {**dict.fromkeys(kinds, False), "unsubscribe": True},
        "clients": clients,
        "groups": known.get("groups", []),
        "roles": roles,
    }


def _hashed(password: str) -> dict[str, Any]:
    salt = secrets.token_bytes(SALT_BYTES)
    made = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    return {"password": b64encode(made).decode(), "salt": b64encode(salt).decode(), "iterations": ITERATIONS}
