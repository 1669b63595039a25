"""Backup and restore, tried for real: a migrated database with several chunks, written to while it is dumped."""

import hashlib
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from capto.processes.private_services import PrivateServices

ROOT = Path(__file__).resolve().parent.parent.parent
DAYS = 60  # more than one chunk, whatever their length


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateServices]:
    """A migrated database with a message an hour for DAYS days, and uploaded files."""
    services = PrivateServices(tmp_path_factory.mktemp("run"), durable=False).prepare()
    services.database.start()
    subprocess.run(
        [sys.executable, "-m", "capto", "migrate", "--verbosity=0"],
        env=environment(services),
        check=True,
        capture_output=True,
    )
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE messages (sensor int, at timestamptz, value float8, PRIMARY KEY (sensor, at))"
        )
        connection.execute("SELECT create_hypertable('messages', by_range('at', interval '7 days'))")
        write(connection, sensor=1)
    (services.run / "media" / "kits").mkdir(parents=True)
    (services.run / "media" / "kits" / "photo.jpg").write_bytes(b"a photo")
    yield services
    services.remove()


def environment(services: PrivateServices, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("CAPTO_")}
    return {
        **kept,
        "CAPTO_RUN": str(services.run),
        "CAPTO_DATABASE_URL": services.database_url,
        "CAPTO_MQTT_URL": services.mqtt_url,
        **more,
    }


def write(connection: psycopg.Connection[tuple[object, ...]], *, sensor: int) -> None:
    connection.execute(
        "INSERT INTO messages SELECT %s, t, extract(epoch FROM t) / 7 FROM generate_series("
        "timestamptz '2026-01-01Z', timestamptz '2026-01-01Z' + %s * interval '1 day', interval '1 hour') t",
        (sensor, DAYS),
    )


def script(name: str, *arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "deploy" / name, *arguments], env={**os.environ, **variables}, capture_output=True, text=True
    )


def contents(url: str) -> dict[str, str]:
    """Return the number of rows and a checksum of each table of ours."""
    found = {}
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        ).fetchall()
        for (table,) in tables:
            rows = connection.execute(
                sql.SQL("SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} t").format(
                    sql.Identifier(table)
                )
            ).fetchone()
            found[str(table)] = str(rows)
    return found


def new_database(services: PrivateServices, name: str) -> tuple[str, str]:
    """Make an empty database; return its URL for the application and for the superuser."""
    with psycopg.connect(services.admin_database_url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER capto TEMPLATE template0").format(sql.Identifier(name))
        )
    return (
        services.database_url.removesuffix("capto") + name,
        services.admin_database_url.removesuffix("capto") + name,
    )


def test_a_backup_restores_to_the_same_rows(own: PrivateServices, tmp_path: Path) -> None:
    before = contents(own.database_url)
    assert before["messages"].startswith(f"({DAYS * 24 + 1},")
    assert len(before) > 20
    done = script("backup", tmp_path / "backups", **environment(own))
    assert done.returncode == 0, done.stderr
    dump = Path(done.stdout.strip())
    assert dump.stat().st_mode & 0o077 == 0

    url, admin_url = new_database(own, "same_rows")
    elsewhere = tmp_path / "elsewhere"
    restored = script(
        "restore", dump, **environment(own, CAPTO_ADMIN_DATABASE_URL=admin_url, CAPTO_MEDIA=str(elsewhere))
    )
    assert restored.returncode == 0, restored.stderr
    assert contents(url) == before
    assert (elsewhere / "kits" / "photo.jpg").read_bytes() == b"a photo"
    with psycopg.connect(url, autocommit=True) as connection:
        chunks = connection.execute("SELECT count(*) FROM show_chunks('messages')").fetchone()
        assert (
            chunks and chunks[0] == 9
        )  # 1 January + 60 days touch 9 of TimescaleDB's weeks (from Thursdays)
        write(connection, sensor=2)  # still a hypertable that takes rows, as the application's own role
    again = script("restore", dump, **environment(own, CAPTO_ADMIN_DATABASE_URL=admin_url))
    assert again.returncode == 1 and "restore into an empty one" in again.stderr


def test_a_backup_under_load_is_one_moment(own: PrivateServices, tmp_path: Path) -> None:
    ended = threading.Event()

    def load() -> None:
        sensor = 100
        with psycopg.connect(own.database_url, autocommit=True) as connection:
            while not ended.is_set():
                write(connection, sensor=sensor)
                sensor += 1

    writer = threading.Thread(target=load)
    writer.start()
    try:
        done = script("backup", tmp_path / "backups", **environment(own))
    finally:
        ended.set()
        writer.join()
    assert done.returncode == 0, done.stderr
    url, admin_url = new_database(own, "one_moment")
    restored = script("restore", done.stdout.strip(), **environment(own, CAPTO_ADMIN_DATABASE_URL=admin_url))
    assert restored.returncode == 0, restored.stderr
    with psycopg.connect(url) as connection:
        counts = connection.execute("SELECT count(*) FROM messages GROUP BY sensor").fetchall()
    assert {count for (count,) in counts} == {DAYS * 24 + 1}  # whole transactions, no part of one


def test_a_damaged_or_unfinished_backup_is_refused(own: PrivateServices, tmp_path: Path) -> None:
    dump = Path(script("backup", tmp_path / "backups", **environment(own)).stdout.strip())
    _, admin_url = new_database(own, "damaged")
    variables = environment(own, CAPTO_ADMIN_DATABASE_URL=admin_url)
    content = bytearray(dump.read_bytes())
    content[len(content) // 2] ^= 1
    dump.write_bytes(content)
    assert "checksum differs" in script("restore", dump, **variables).stderr
    content[len(content) // 2] ^= 1
    dump.write_bytes(content)
    about = dump.with_suffix(".about")
    assert re.search(rf"^sha256 {hashlib.sha256(content).hexdigest()}$", about.read_text(), re.MULTILINE)
    about.write_text(re.sub(r"timescaledb \S+", "timescaledb 0.0.1", about.read_text()))
    assert "needs TimescaleDB 0.0.1" in script("restore", dump, **variables).stderr
    about.unlink()
    assert "was not completed" in script("restore", dump, **variables).stderr
    with psycopg.connect(admin_url) as connection:
        row = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert row == (0,)


def test_only_the_newest_backups_are_kept(own: PrivateServices, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    for day in ("20260101", "20260102", "20260103"):
        for end in (".dump", "-media.tar.gz", ".about"):
            (folder / f"capto-{day}T000000Z{end}").touch()
    done = script("backup", folder, "--keep", "2", **environment(own))
    assert done.returncode == 0, done.stderr
    kept = sorted(path.name for path in folder.glob("*.dump"))
    assert kept == ["capto-20260103T000000Z.dump", Path(done.stdout.strip()).name]
    assert len(list(folder.iterdir())) == 6
