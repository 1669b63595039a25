"""A TimescaleDB and a Mosquitto of the tests' own, started when the first test needs them.

Addresses are chosen here, before Django reads its settings. With CAPTO_DATABASE_URL and CAPTO_MQTT_URL set, the
tests use those servers instead.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import django
import pgtrigger
import pytest
import pytest_django
from django.db import connection, transaction
from django.db.backends.base.creation import BaseDatabaseCreation
from django.db.backends.utils import CursorWrapper
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker

from capto.processes.private_services import PrivateServices, reserve

ROOT = Path(__file__).resolve().parent.parent
# How fast a busy machine draws examples and runs them is no finding about the code.
hypothesis_settings.register_profile("capto", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("capto")
GIVEN = "CAPTO_DATABASE_URL" in os.environ and "CAPTO_MQTT_URL" in os.environ


if not GIVEN:
    PRIVATE = reserve(ROOT / "run", "test", durable=False)
    os.environ["CAPTO_RUN"] = str(PRIVATE.run)
    os.environ["CAPTO_DATABASE_URL"] = PRIVATE.database_url
    os.environ["CAPTO_MQTT_URL"] = PRIVATE.mqtt_url
    os.environ["CAPTO_MQTT_PUBLISHER_URL"] = PRIVATE.broker.url("publisher")
    os.environ["CAPTO_MQTT_KEEPER_URL"] = PRIVATE.broker.url("keeper")
    os.environ["CAPTO_MQTT_WATCHER_URL"] = PRIVATE.broker.url("watcher")
os.environ.setdefault("CAPTO_PAGES_KEPT_SECONDS", "0")  # a test changes rows and looks at once
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "capto.settings")
django.setup()


@pytest.fixture(scope="session")
def services() -> Iterator[PrivateServices]:
    """The tests' own database and broker, running; skipped when the servers were given by URL."""
    if GIVEN:
        pytest.skip("the servers were given by CAPTO_DATABASE_URL and CAPTO_MQTT_URL")
    with PRIVATE:
        yield PRIVATE


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> None:
    """The database and the broker that the environment names, running."""
    if not GIVEN:
        request.getfixturevalue("services")


@pytest.fixture(scope="session")
def django_db_setup(
    servers: None, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Make the tests' database once its server runs, and let `serialized_rollback` write its first rows again.

    Django writes them one by one, a second and more for each test; here the database keeps a copy of its own.
    """
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        write_again = keep_rows(cursor)

    def deserialize(self: BaseDatabaseCreation, data: str) -> None:
        with pgtrigger.ignore(), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(write_again)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseCreation, "deserialize_db_from_string", deserialize)
        yield


def keep_rows(cursor: CursorWrapper) -> str:
    """Copy the rows of each table that a flush empties to a schema apart; give the SQL that writes them again."""
    cursor.execute("CREATE SCHEMA kept")
    again = []
    for table in connection.introspection.django_table_names(only_existing=True, include_views=False):
        cursor.execute(f'SELECT EXISTS (SELECT FROM "{table}")')
        if table == "django_migrations" or cursor.fetchone() == (False,):
            continue
        cursor.execute(
            "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute WHERE attrelid = %s::regclass"
            " AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
            [table],
        )
        (columns,) = cursor.fetchone() or ("",)
        cursor.execute(f'CREATE TABLE kept."{table}" AS TABLE "{table}"')
        again.append(
            f'INSERT INTO "{table}" ({columns}) SELECT {columns} FROM kept."{table}" ON CONFLICT DO NOTHING'
        )
    return "; ".join(again)


@pytest.fixture(scope="session")
def mqtt_url(servers: None) -> str:
    """The broker's URL for the bridge; the account is the client id, so a second client takes its place."""
    return os.environ["CAPTO_MQTT_URL"]


@pytest.fixture(scope="session")
def publisher_url(servers: None) -> str:
    """The broker's URL for who plays the devices: may publish everything and read nothing."""
    return os.environ.get("CAPTO_MQTT_PUBLISHER_URL") or os.environ["CAPTO_MQTT_URL"]


@pytest.fixture(autouse=True)
def quick_passwords(settings: pytest_django.Settings) -> None:
    """Hash passwords in no time: the tests sign in often, and try no hash."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
