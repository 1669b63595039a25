import signal
from argparse import RawDescriptionHelpFormatter
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from capto.simulation import history
from capto.simulation.devices import show_devices
from capto.simulation.live import Live, Refused
from capto.simulation.makers import show_makers
from capto.simulation.models import SimulatedCity
from capto.simulation.neighbours import read_neighbours
from capto.simulation.pledging import pledge
from capto.simulation.publishing import publish
from capto.simulation.workbench import lay_out

HELP = """Play a small, physically plausible city with lent sensors and two reference stations.

    capto simulate              load the past, then live on in real time
    capto simulate --history    load a year of it, or what is missing since the last time, and end
    capto simulate --live       only live on: each sensor publishes once a minute over MQTT, until Ctrl-C

The same seed and the same time give the same city. All that it makes is marked as simulated."""


class Command(BaseCommand):
    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.add_argument("--history", action="store_true", help="load the past and end")
        parser.add_argument("--live", action="store_true", help="live on without loading the past")
        new = parser.add_argument_group("a new city (no effect on one that is here already)")
        new.add_argument("--days", type=_positive, default=history.DAYS, help="of history (default 365)")
        new.add_argument("--sensors", type=_positive, default=history.SENSORS, help="lent ones (default 30)")
        new.add_argument("--seed", type=int, help=f"of the city (default {history.SEED})")
        parser.add_argument(
            "--speed", type=_speed, default=1.0, help="messages a minute of each live sensor (default 1)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        both = not (options["history"] or options["live"])
        if options["history"] or both:
            self._load(options)
        if options["live"] or both:
            self._live(options["speed"])

    def _load(self, options: dict[str, Any]) -> None:
        now = timezone.now()
        try:
            loaded = history.load(
                now=now,
                days=options["days"],
                sensors=options["sensors"],
                seed=options["seed"],
                say=self._say,
            )
        except (history.NotOurCity, history.RealSensorsLiveHere) as error:
            raise CommandError(str(error)) from error
        self._say(
            f"{loaded.messages:,} messages and {loaded.reference_values:,} reference values from "
            f"{loaded.start:%Y-%m-%d %H:%M} to {loaded.end:%Y-%m-%d %H:%M} UTC loaded in {loaded.seconds:.1f} s"
        )
        done = publish(SimulatedCity.objects.get(), start=loaded.start, now=now)
        lay_out(now=now)
        pledge(now=now)
        read_neighbours(now=now)
        show_devices(now=now)
        show_makers(now=now)
        self._say(
            f"{done.hours:,} hours published: summed up in {done.aggregating_s:.1f} s, {done.calibrations} "
            f"calibrations fitted ({done.refused} refused) in {done.fitting_s:.1f} s, corrected in "
            f"{done.computing_s:.1f} s"
        )

    def _live(self, speed: float) -> None:
        row = SimulatedCity.objects.first()
        if row is None:
            raise CommandError("there is no simulated city here: load one with `capto simulate --history`")
        live = Live(row, url=settings.MQTT_SIMULATION_URL, speed=speed, say=self._say)

        def stop(_number: int, _frame: FrameType | None) -> None:
            live.stop.set()

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, stop)
        try:
            live.run()
        except Refused as error:
            raise CommandError(str(error)) from error

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _speed(text: str) -> float:
    number = float(text)
    if not 0.01 <= number <= 600.0:
        raise ValueError
    return number
