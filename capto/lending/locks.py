"""Row locks, always taken in one order: the borrower, the kind of kit, the kits. So nothing waits in a circle."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction

from capto.catalogue.models import Kit, KitModel
from capto.lending.refusals import Busy
from capto.members.models import Person

PATIENCE_MS = 3_000  # a desk would rather be told to try again than wait longer
_LOCK = 'SELECT 1 FROM "{table}" WHERE id = %d FOR NO KEY UPDATE'
_LOCK_NOT_AVAILABLE, _DEADLOCK = "55P03", "40P01"  # codes of PostgreSQL's appendix A


@contextmanager
def locked(
    *, person: Person | None = None, kit_models: Iterable[int] = (), kits: Iterable[Kit] = ()
) -> Iterator[None]:
    """Open a transaction that holds the rows of a borrower, of kinds (ids) and of kits until it ends.

    The kind's row guards its queue: who allocates or lends one of its kits holds it. Raises Busy where another
    transaction keeps a row for longer than PATIENCE_MS.
    """
    try:
        with transaction.atomic():
            rows = [
                (Person, [person.pk] if person is not None else []),
                (KitModel, sorted(set(kit_models))),
                (Kit, sorted({kit.pk for kit in kits})),
            ]
            # One statement after the other, in one trip to the server.
            statements = [f"SET LOCAL lock_timeout = '{PATIENCE_MS}ms'"]
            statements += [_LOCK.format(table=model._meta.db_table) % pk for model, pks in rows for pk in pks]
            with connection.cursor() as cursor:
                cursor.execute("; ".join(statements))
            yield
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") in (_LOCK_NOT_AVAILABLE, _DEADLOCK):
            raise Busy from error
        raise
