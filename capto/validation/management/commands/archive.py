import time
from argparse import RawDescriptionHelpFormatter
from importlib import import_module
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from capto.validation import archive
from capto.validation.archive_writing import write
from capto.validation.management.commands.recompute import utc_time

HELP = """Write an archive of hourly sums as Parquet cut by sensor and month, or recompute one, on one machine or many.

    capto archive write FOLDER --from 2025-01-01 --to 2026-01-01
    capto archive recompute FOLDER OUT
    capto archive recompute FOLDER OUT --workers 2                  # a local Dask cluster
    capto archive recompute FOLDER OUT --scheduler tcp://10.0.0.1:8786

Recomputing needs no database: the folder holds the series, the approved calibrations and the hours set aside. With
Dask (pip install 'capto[dask]') each worker computes partitions; all must see the same folders. The hours are the
same to the last bit, whoever computes them."""


class Command(BaseCommand):
    help = HELP
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parts = parser.add_subparsers(dest="what", required=True)
        writing = parts.add_parser("write", help="take the sums out of the database")
        writing.add_argument("folder", type=Path)
        writing.add_argument("--from", dest="start", type=utc_time, required=True, metavar="TIME")
        writing.add_argument("--to", dest="end", type=utc_time, metavar="TIME")
        computing = parts.add_parser("recompute", help="compute the hours of an archive")
        computing.add_argument("folder", type=Path)
        computing.add_argument("target", type=Path)
        computing.add_argument(
            "--workers", type=int, default=0, help="of a local Dask cluster; 0: without Dask"
        )
        computing.add_argument("--scheduler", default="", metavar="ADDRESS", help="of a running Dask cluster")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        folder: Path = options["folder"]
        if options["what"] == "write":
            rows = write(folder, start=options["start"], end=options["end"] or timezone.now())
            self.stdout.write(f"{rows} hourly sums written to {folder} in {time.monotonic() - began:.1f} s")
            return
        if not (folder / "series.parquet").exists():
            raise CommandError(f"{folder} is no archive: write one with `capto archive write`")
        hours = self._recompute(folder, options["target"], options["workers"], options["scheduler"])
        self.stdout.write(f"{hours} hours written to {options['target']} in {time.monotonic() - began:.1f} s")

    def _recompute(self, folder: Path, target: Path, workers: int, scheduler: str) -> int:
        if not (workers or scheduler):
            return archive.recompute(folder.resolve(), target.resolve())
        try:
            distributed: Any = import_module("dask.distributed")
        except ImportError:
            raise CommandError("Dask is not installed: pip install 'capto[dask]'") from None
        if scheduler:
            with distributed.Client(scheduler) as client:
                return archive.recompute(folder.resolve(), target.resolve(), run=archive.dask_map(client))
        with (
            distributed.LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=None
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            return archive.recompute(folder.resolve(), target.resolve(), run=archive.dask_map(client))
