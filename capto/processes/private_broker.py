"""The private Mosquitto broker of a run folder."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from capto.processes.broker_accounts import ACCOUNTS, configuration
from capto.processes.server_process import (
    STARTING_SECONDS,
    ServiceError,
    answers,
    end,
    ordinary_user,
    private_folder,
    spawn,
    write_private,
)

if TYPE_CHECKING:
    from capto.processes.private_services import PrivateServices

LIMITS = Path(__file__).resolve().parents[2] / "deploy" / "mosquitto" / "limits.conf"
MQTT_ACCOUNTS = tuple(ACCOUNTS)
PLUGIN = "mosquitto_dynamic_security.so"
PLUGIN_FOLDERS = ("/usr/lib", "/usr/local/lib")


class Broker:
    """A Mosquitto broker with one account per kind of client."""

    def __init__(self, services: "PrivateServices") -> None:
        self.services = services
        self.process: subprocess.Popen[bytes] | None = None
        self.user = ordinary_user("mosquitto")

    @property
    def folder(self) -> Path:
        """The folder of the broker's configuration, accounts and queue."""
        return self.services.state / "mosquitto"

    def url(self, account: str) -> str:
        """Return the broker's URL for one of MQTT_ACCOUNTS."""
        addresses = self.services.addresses
        return f"mqtt://{account}:{addresses[f'mqtt_{account}_password']}@127.0.0.1:{addresses['mqtt_port']}"

    def start(self) -> None:
        """Start the broker with its accounts; return when it accepts connections.

        Raises ServiceError when it ends or does not answer within STARTING_SECONDS.
        """
        if self.is_running():
            return
        self.services.prepare()
        private_folder(self.folder, user=self.user)
        self._configure()
        program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
        if program is None:
            raise ServiceError("Mosquitto is not installed: run deploy/setup")
        with self.services.log("mosquitto.log") as log:
            self.process = spawn(
                [program, "-c", str(self.folder / "mosquitto.conf")], self.user, log, signal.SIGTERM
            )
        deadline = time.monotonic() + STARTING_SECONDS
        while not answers(int(self.services.addresses["mqtt_port"])):
            if not self.is_running() or time.monotonic() > deadline:
                raise ServiceError(
                    f"the private broker did not start; its log is {self.services.run / 'log/mosquitto.log'}"
                )
            time.sleep(0.02)

    def stop(self, *, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop the broker: SIGTERM writes its queue, SIGKILL as a crash."""
        end(self.process, how)
        self.process = None

    def is_running(self) -> bool:
        """Whether our broker process lives."""
        return self.process is not None and self.process.poll() is None

    def _configure(self) -> None:
        accounts = self.folder / "dynamic-security.json"
        known = json.loads(accounts.read_text()) if accounts.exists() else None
        passwords = {a: str(self.services.addresses[f"mqtt_{a}_password"]) for a in MQTT_ACCOUNTS}
        write_private(accounts, json.dumps(configuration(passwords, known), indent=1), self.user)
        text = f"""{LIMITS.read_text()}
log_dest stderr
persistence_location {self.folder}/
listener {self.services.addresses["mqtt_port"]} 127.0.0.1
allow_anonymous false
# Nobody can take over another's session: the client id is the name of the account.
use_username_as_clientid true
plugin {_plugin()}
plugin_opt_config_file {accounts}
"""
        write_private(self.folder / "mosquitto.conf", text, self.user)


def _plugin() -> Path:
    """Find Mosquitto's dynamic-security plugin, a part of Debian's package. Raises ServiceError."""
    for folder in PLUGIN_FOLDERS:
        for pattern in (PLUGIN, f"*/{PLUGIN}", f"*/*/{PLUGIN}"):
            for found in Path(folder).glob(pattern):
                return found
    raise ServiceError(f"Mosquitto's {PLUGIN} is not installed: run deploy/setup")
