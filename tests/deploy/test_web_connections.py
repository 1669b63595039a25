"""The threads of a web process share a few connections to the database."""

import os
import subprocess
import sys

from django.conf import settings

SHARE = """
from concurrent.futures import ThreadPoolExecutor
import capto.wsgi
from django.db import close_old_connections, connection

def backend(_):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.05), pg_backend_pid()")
        (found,) = cursor.fetchall()
    close_old_connections()  # as at the end of each request
    return found[1]

with ThreadPoolExecutor(12) as threads:
    found = list(threads.map(backend, range(36)))
print(len(found), len(set(found)))
connection.close_pool()
"""


def test_twelve_readers_at_once_share_three_connections() -> None:
    environment = {**os.environ, "CAPTO_DATABASE_URL": settings.DATABASE_URL, "CAPTO_WEB_CONNECTIONS": "3"}
    said = subprocess.run(
        [sys.executable, "-c", SHARE],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    answered, connections = map(int, said.stdout.split())
    assert answered == 36
    assert connections <= 3


def test_other_processes_keep_one_connection_each() -> None:
    assert settings.POOL == {}
    assert settings.DATABASES["default"]["CONN_MAX_AGE"] == 60
