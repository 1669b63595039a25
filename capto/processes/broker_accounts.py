"""The broker's accounts as the configuration of Mosquitto's dynamic-security plugin. No Django here.

Devices' accounts are added and removed while the broker runs (`firmware_bridge.broker_access`); those of our own
processes stand here. What no rule allows is refused. `capto broker-accounts FILE` writes them for a server.
"""

import argparse
import hashlib
import json
import os
import secrets
import sys
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

ITERATIONS = 10_000  # of PBKDF2-SHA512; our own passwords are random, so that the number matters little
SALT_BYTES = 12  # as the plugin makes them (plugins/dynamic_security/auth.c)
SHORTEST_PASSWORD = 16  # characters: nobody types them
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
# Where a server's own accounts are named: the URL of each, or the password alone.
URLS = {
    "CAPTO_MQTT_URL": "bridge",
    "CAPTO_MQTT_KEEPER_URL": "keeper",
    "CAPTO_MQTT_WATCHER_URL": "watcher",
}
PASSWORDS = {"CAPTO_TOKENS_PASSWORD": "tokens", "CAPTO_BRIDGE2_PASSWORD": "bridge2"}
CONTROL = "$CONTROL/dynamic-security/#"
ACCOUNTS: Mapping[str, list[dict[str, Any]]] = {  # each is one client, named after its account
    "bridge": _bridge("bridge"),
    "bridge2": _bridge("bridge2"),  # shares the messages with the first
    "publisher": _PUBLISHES,
    "simulation": _PUBLISHES,
    # What kits say that can send no password comes by a broker of its own (deploy/mosquitto/tokens.conf).
    "tokens": [_rule("publishClientSend", "device/sck/#")],
    "watcher": _reads("$SYS/#"),  # looks at the broker's own figures
    "keeper": [*_reads(CONTROL), _rule("publishClientSend", CONTROL)],  # adds and removes devices' accounts
}


def configuration(passwords: Mapping[str, str], known: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Make the plugin's configuration: our accounts with these passwords, and the devices' as `known` has them.

    An account of ours that has no password is not in it.
    """
    known = known or {}
    clients = [client for client in known.get("clients", ()) if client.get("username") not in ACCOUNTS]
    roles = [role for role in known.get("roles", ()) if role.get("rolename") not in ACCOUNTS]
    for account, rules in ACCOUNTS.items():
        if account not in passwords:
            continue
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


def broker_accounts(arguments: Sequence[str]) -> int:
    """Write the accounts of a server's broker; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="capto broker-accounts",
        description="Write the accounts of our own processes, with the passwords in CAPTO_MQTT_URL, "
        "CAPTO_MQTT_KEEPER_URL and CAPTO_MQTT_WATCHER_URL, into the file of Mosquitto's dynamic-security plugin. The "
        "devices' accounts in it stay. Do it while the broker is stopped: it writes the file itself. Status 2: a "
        "password is missing, or too short.",
    )
    parser.add_argument("file", type=Path)
    options = parser.parse_args(arguments)
    try:
        passwords = _passwords(os.environ)
        known = json.loads(options.file.read_text() or "{}") if options.file.exists() else None
    except (ValueError, OSError) as error:
        print(f"capto broker-accounts: {error}", file=sys.stderr)
        return 2
    text = json.dumps(configuration(passwords, known), indent=1)
    beside = options.file.with_name(options.file.name + ".new")
    with open(os.open(beside, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)
    if options.file.exists():
        owner = options.file.stat()
        if os.geteuid() == 0:
            os.chown(beside, owner.st_uid, owner.st_gid)
    beside.replace(options.file)
    print(f"{options.file}: {', '.join(sorted(passwords))}")
    return 0


def _passwords(environment: Mapping[str, str]) -> dict[str, str]:
    """Read the passwords of our accounts. Raises ValueError where one that is needed is missing or too short."""
    found = {}
    for variable, account in URLS.items():
        parts = urlsplit(environment.get(variable, ""))
        if unquote(parts.username or "") != account:
            raise ValueError(f"{variable} must be mqtt://{account}:password@host:port")
        found[account] = unquote(parts.password or "")
    for variable, account in PASSWORDS.items():
        if environment.get(variable):
            found[account] = environment[variable]
    for account, password in found.items():
        if len(password) < SHORTEST_PASSWORD:
            raise ValueError(f"the password of {account} has fewer than {SHORTEST_PASSWORD} characters")
    return found
