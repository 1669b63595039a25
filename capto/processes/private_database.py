"""The private PostgreSQL cluster with TimescaleDB of a run folder."""

import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from capto.processes.server_process import (
    STARTING_SECONDS,
    ServiceError,
    as_user,
    end,
    ordinary_user,
    private_folder,
    spawn,
    write_private,
)

if TYPE_CHECKING:
    from capto.processes.private_services import PrivateServices

EXTENSIONS = ("timescaledb", "btree_gist")  # in template1, so that the tests' databases have them too


class Database:
    """A PostgreSQL cluster with TimescaleDB."""

    def __init__(self, services: "PrivateServices", *, durable: bool) -> None:
        self.services = services
        self.durable = durable
        self.process: subprocess.Popen[bytes] | None = None
        self.user = ordinary_user("postgres")

    @property
    def data(self) -> Path:
        """The folder of the cluster."""
        return self.services.state / "postgres"

    def start(self) -> None:
        """Start the server, making the cluster at the first time; return when it answers queries.

        Raises ServiceError when it ends or does not answer within STARTING_SECONDS.
        """
        if self.is_running():
            return
        self.services.prepare()
        private_folder(self.services.socket_folder, user=self.user)
        self._initialise()
        self._configure()
        with self.services.log("postgresql.log") as log:
            self.process = spawn(
                [str(self._bin("postgres")), "-D", str(self.data)], self.user, log, signal.SIGINT
            )
        self._wait()
        self._complete()

    def stop(self, *, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT ends sessions and writes all, SIGQUIT at once, SIGKILL as a crash."""
        end(self.process, how)
        self.process = None

    def is_running(self) -> bool:
        """Whether our server process lives."""
        return self.process is not None and self.process.poll() is None

    def _initialise(self) -> None:
        if (self.data / "PG_VERSION").exists():
            return
        # A set-up that was interrupted leaves no PG_VERSION in place: it is made beside and renamed.
        fresh = self.data.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        private_folder(fresh, user=self.user)
        password = fresh.with_name("postgres.password")
        write_private(password, f"{self.services.addresses['postgres_password']}\n", self.user)
        try:
            made = subprocess.run(
                [
                    *as_user(self.user),
                    str(self._bin("initdb")),
                    f"--pgdata={fresh}",
                    "--username=postgres",
                    f"--pwfile={password}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C.UTF-8",
                    "--locale-provider=icu",
                    "--icu-locale=fr-FR",  # names sort as a French reader expects
                    "--no-sync",
                ],
                capture_output=True,
                text=True,
                cwd="/",
            )
        finally:
            password.unlink()
        if made.returncode:
            raise ServiceError(f"the database cluster could not be made: {made.stderr.strip()}")
        fresh.rename(self.data)

    def _configure(self) -> None:
        """Write our settings anew at each start, after those that initdb wrote."""
        # Without fsync a crash of the machine ruins the cluster; a crash of the server alone loses nothing.
        to_disk = "on" if self.durable else "off"
        settings = {
            "listen_addresses": "'127.0.0.1'",
            "port": self.services.addresses["postgres_port"],
            "unix_socket_directories": f"'{self.services.socket_folder}'",
            "shared_preload_libraries": "'timescaledb'",
            "timescaledb.telemetry_level": "off",
            "timezone": "'UTC'",
            "fsync": to_disk,
            "synchronous_commit": "on",
            "full_page_writes": to_disk,
            "shared_buffers": "'512MB'" if self.durable else "'128MB'",
            "work_mem": "'32MB'",
            "maintenance_work_mem": "'256MB'",
            "max_wal_size": "'4GB'",
            "wal_compression": "'lz4'",  # pglz, the default, takes longer than writing what it saves
            "default_toast_compression": "'lz4'",
            "checkpoint_timeout": "'15min'",
            "max_worker_processes": 16,
            "max_locks_per_transaction": 256,  # a query over years locks every chunk
            "random_page_cost": 1.1,
            "jit": "off",  # our queries are short: compiling them costs more than it saves
            "log_min_messages": "'warning'",
            "log_line_prefix": "'%m [%p] %q%u@%d '",
        }
        lines = [f"{name} = {value}" for name, value in settings.items()]
        write_private(self.data / "capto.conf", "\n".join(lines) + "\n", self.user)
        main = self.data / "postgresql.conf"
        if "include = 'capto.conf'" not in main.read_text():
            with main.open("a") as file:
                file.write("include = 'capto.conf'\n")

    def _wait(self) -> None:
        deadline = time.monotonic() + STARTING_SECONDS
        url = self.services.admin_database_url.rpartition("/")[0] + "/template1"
        while True:
            try:
                psycopg.connect(url, connect_timeout=5).close()
                return
            except psycopg.OperationalError as error:
                if not self.is_running() or time.monotonic() > deadline:
                    raise ServiceError(
                        f"the private database did not start ({error}); its log is "
                        f"{self.services.run / 'log' / 'postgresql.log'}"
                    ) from error
            time.sleep(0.03)

    def _complete(self) -> None:
        """Make the extensions, the role and the database where they do not exist yet."""
        address = self.services.admin_database_url.rpartition("/")[0]
        with psycopg.connect(f"{address}/template1", autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = 'capto'").fetchone():
                return
            for extension in EXTENSIONS:
                connection.execute(
                    sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension))
                )
            # Prunes the history of jobs, needs the Community licence, and there are no jobs: it only logs errors.
            connection.execute(
                "DELETE FROM _timescaledb_config.bgw_job WHERE proc_name = 'policy_job_stat_history_retention'"
            )
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'capto'").fetchone():
                connection.execute("CREATE ROLE capto LOGIN CREATEDB")
            password = str(self.services.addresses["capto_password"])
            connection.execute(sql.SQL("ALTER ROLE capto PASSWORD {}").format(password))
        with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE capto OWNER capto")

    def _bin(self, program: str) -> Path:
        """Return a program of the cluster's own PostgreSQL version, or of the newest with TimescaleDB."""
        installed = {
            place.name: place / "bin"
            for place in sorted(Path("/usr/lib/postgresql").glob("*"), key=lambda p: float(p.name))
            if (place / "bin" / "postgres").exists() and (place / "lib" / "timescaledb.so").exists()
        }
        if not installed:
            raise ServiceError("PostgreSQL with TimescaleDB is not installed: run deploy/setup")
        version_file = self.data / "PG_VERSION"
        version = version_file.read_text().strip() if version_file.exists() else list(installed)[-1]
        if version not in installed:
            raise ServiceError(
                f"the database in {self.data} was made by PostgreSQL {version}, which is not installed with "
                f"TimescaleDB; installed: {', '.join(installed)}"
            )
        return installed[version] / program
