"""Where each simulated sensor stands over the year: beside a station, lent, beside a station again, lent again.

Pure: instants in seconds since 1970 (UTC), spots of `town`. Names are invented and say that they are simulated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from capto.simulation.city import City
from capto.simulation.randomness import chance
from capto.simulation.town import STATIONS, Spot, Station, spot
from capto.simulation.units import INDOOR
from capto.simulation.weather import DAY, HOUR

QUARTERS: Final = (  # name, metres east and north of the centre of the town
    ("quartier du Canal", -1_500.0, -700.0),
    ("quartier de la Gare", 900.0, -1_100.0),
    ("quartier des Halles", 60.0, 90.0),
    ("quartier du Moulin", -2_300.0, 900.0),
    ("quartier des Vergers", 1_900.0, 1_500.0),
    ("quartier de la Tuilerie", 2_500.0, -600.0),
    ("quartier du Belvédère", -900.0, 2_100.0),
    ("quartier des Écluses", -2_000.0, -1_700.0),
    ("quartier du Boulevard", 330.0, 1_000.0),
    ("quartier de l’Avenue", -1_000.0, -240.0),
)
SCHOOLS: Final = (  # name, metres east and north of the centre of the town
    ("école des Tilleuls", 360.0, 620.0),
    ("école du Canal", -1_380.0, -820.0),
    ("collège de la Tuilerie", 2_240.0, -480.0),
    ("lycée du Belvédère", -760.0, 1_840.0),
)
STREETS: Final = (
    ("boulevard des Tilleuls", 315.0, -900.0),
    ("avenue des Halles", -520.0, -238.0),
    ("route du Moulin", -2_290.0, 240.0),
)
FIRST_BENCH: Final = (16.0, 22.0)  # days beside the station before the first loan
BENCH: Final = (15.0, 17.5)  # days between two loans; two weeks at least make a full calibration
FIRST_LOAN: Final = (9.0, 45.0)  # days: short and long ones, so that the fleet is not at one place at a time
LOAN: Final = (20.0, 42.0)  # days
ON_THE_WAY: Final = (2.0, 20.0)  # hours from the borrower's hands to the bench
PACKING: Final = int(1.5 * HOUR)  # between the bench and the desk
MONDAY: Final = 0
DESK_IS_CLOSED: Final = (MONDAY, 6)  # days of the week, Monday being 0


class Stay(NamedTuple):
    """One sensor at one place from `starts_at` to `ends_at` (None: it is still there)."""

    number: int
    kind: str  # of the place: home, school, public or bench
    label: str
    spot: Spot
    station: Station | None
    starts_at: int
    ends_at: int | None


def stays(city: City, number: int, *, start: int, end: int) -> Iterator[Stay]:
    """Give the stays of the sensor `number` in [start, end), in order of time; the last one is still open.

    start, end: seconds since 1970 (UTC). The first stay is beside a station, so that every loan has a comparison
    before it.
    """

    def between(low: float, high: float, *what: object) -> float:
        return low + (high - low) * chance(city.seed, "stay", number, *what)

    begins, turn = start + int(between(0.0, 36.0, "first") * HOUR), 0
    while begins < end:
        is_bench = turn % 2 == 0
        usual = (FIRST_BENCH, FIRST_LOAN)[turn] if turn < 2 else BENCH if is_bench else LOAN
        length = between(*usual, "length", turn)
        moved = _at_the_desk(begins + int(length * DAY), chance(city.seed, "leaves", number, turn))
        leaves, follows = (
            (moved - PACKING, moved)
            if is_bench
            else (moved, moved + int(between(*ON_THE_WAY, "way", turn) * HOUR))
        )
        ends_at = leaves if follows < end else None
        if is_bench:
            station = STATIONS[int(between(0.0, len(STATIONS), "station", turn))]
            yield Stay(number, "bench", f"Banc, {station.name}", station.spot, station, begins, ends_at)
        else:
            kind, label, where = _borrower(city, number, turn)
            yield Stay(number, kind, label, where, None, begins, ends_at)
        begins, turn = follows, turn + 1


def _at_the_desk(instant: int, part: float) -> int:
    """Move an instant to when the desk is open: Tuesday to Saturday, 9 to 16 h UTC (10 to 17 or 11 to 18 in Paris)."""
    day = instant // DAY
    while (day + 3) % 7 in DESK_IS_CLOSED:  # 1 January 1970 was a Thursday
        day += 1
    return day * DAY + 9 * HOUR + int(part * 7 * HOUR)


def _borrower(city: City, number: int, turn: int) -> tuple[str, str, Spot]:
    """Choose where a loan takes the sensor: six times in ten a home, else a school or a street."""

    def part(what: str) -> float:
        return chance(city.seed, "borrower", number, turn, what)

    if number == INDOOR or part("kind") < 0.62:
        name, x, y = QUARTERS[int(part("quarter") * len(QUARTERS))]
        x, y = x + 560.0 * (part("x") - 0.5), y + 560.0 * (part("y") - 0.5)
        indoors = number == INDOOR
        what = "Logement, intérieur" if indoors else "Logement"
        return "home", f"{what}, {name} (simulé)", spot(x, y, is_indoor=indoors)
    if part("kind") < 0.85:
        name, x, y = SCHOOLS[int(part("school") * len(SCHOOLS))]
        return "school", f"{name[0].upper()}{name[1:]} (simulé)", spot(x, y)
    name, x, y = STREETS[int(part("street") * len(STREETS))]
    return "public", f"{name[0].upper()}{name[1:]} (simulé)", spot(x, y)
