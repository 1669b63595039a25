"""Recompute a year of published hours of 1,000 sensors, and a day from minute readings.

year: sums of hours of PM2.5 and humidity -> checks, bracketed corrections, uncertainty, grades -> the published hours
that stood there, all of them replaced by those of newly approved calibrations, with a trace of each changed figure.
day: minute messages of two quantities -> sums of hours -> published hours.

`ratio_to_raw` is the time over that of merely reading the same rows and writing them over themselves: binary COPY to a
temporary table and one UPDATE a block, by the same number of connections. `peak_mb` is the largest memory of this
process.
"""

import argparse
import json
import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from statistics import median

import django

django.setup()

from django.db import connection  # noqa: E402

import calibration as library  # noqa: E402
from capto.catalogue.models import Sensor, SensorModel  # noqa: E402
from capto.members.models import Organisation  # noqa: E402
from capto.readings.hourly import aggregate_period  # noqa: E402
from capto.readings.models import (  # noqa: E402
    Layout,
    LayoutChannel,
    Place,
    Placement,
    ReferenceSeries,
    ReferenceStation,
    Series,
)
from capto.validation import loading, published, recompute  # noqa: E402
from capto.validation.corrections import hour_of  # noqa: E402
from capto.validation.models import Calibration, CoLocation  # noqa: E402

YEAR = datetime(2025, 1, 1, tzinfo=UTC)
STAYS = (YEAR, YEAR + timedelta(days=175))  # two weeks beside a station each
STAY = timedelta(days=14)
NOW = YEAR + timedelta(days=400)
LEVELS = "20 + 12 * sin(series.id + hours / 24.0 * 0.8) + 5 * sin(series.id * 3 + hours / 5.0)"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--case", choices=["year", "day"], action="append")
    options.add_argument("--sensors", type=int, default=1_000)
    options.add_argument("--hours", type=int, default=8_760)
    options.add_argument("--runs", type=int, default=1)
    chosen = options.parse_args()
    sensors = make_sensors(chosen.sensors)
    if not chosen.case or "day" in chosen.case:
        day(sensors, runs=chosen.runs)
    if not chosen.case or "year" in chosen.case:
        year(sensors, hours=chosen.hours, runs=chosen.runs)


def say(**line: object) -> None:
    print(json.dumps({"bench": "calibrate", **line}), flush=True)


def timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def make_sensors(count: int) -> list[Sensor]:
    """Make sensors that send each minute, each at one place for the year, with PM2.5 and humidity."""
    owner = Organisation.objects.create(name="Bench")
    model = SensorModel.objects.create(
        maker="Bench", name="PMS", slug="bench-pms", wire_format="senml", reporting_interval_s=60
    )
    place = Place.at(45.19, 5.72, precision_m=200, kind="home", label="Bench")
    sensors = Sensor.objects.bulk_create(
        Sensor(
            model=model, owner=owner, inventory_code=f"B{number}", wire_format="senml", device_id=f"b{number}"
        )
        for number in range(count)
    )
    placements = Placement.objects.bulk_create(
        Placement(sensor=sensor, place=place, starts_at=YEAR - timedelta(days=10)) for sensor in sensors
    )
    for quantity in ("pm25", "humidity"):
        Series.objects.bulk_create(
            Series(placement=placement, property_id=quantity) for placement in placements
        )
    return sensors


def model_of(number: int, stay: datetime, *, version: int) -> library.Model:
    """Make the fit of one stay: gains of their own, drifting by a few per cent between the stays."""
    gain = 0.55 + 0.0002 * (number % 500) + 0.02 * (stay > YEAR) + 0.01 * version
    return library.Model(
        method="mlr_humidity",
        coefficients={"intercept": 3.0, "raw": gain, "humidity": -0.04},
        covariance=((0.04, 0.0, 0.0), (0.0, 1e-4, 0.0), (0.0, 0.0, 1e-5)),
        domain={"value": (0.0, 60.0), "humidity": (25.0, 95.0)},
        spread=library.Spread(absolute=1.0, relative=0.08, factor=2.1),
        n=330,
        starts_at=stay.isoformat(),
        ends_at=(stay + STAY).isoformat(),
        reference_uncertainty=(0.5, 0.0),
        drift_per_day=0.0005,
    )


def approve_all(sensors: Sequence[Sensor], *, version: int) -> None:
    """Approve two fits for each sensor, in place of those of before."""
    if version == 1:
        station = ReferenceStation.objects.create(code="BENCH", name="Bench")
        ReferenceSeries.objects.create(station=station, property_id="pm25", provider="bench")
        placements = {placement.sensor_id: placement for placement in Placement.objects.all()}
        CoLocation.objects.bulk_create(
            CoLocation(
                sensor=sensor,
                station=station,
                placement=placements[sensor.pk],
                starts_at=stay,
                ends_at=stay + STAY,
            )
            for sensor in sensors
            for stay in STAYS
        )
    Calibration.objects.approved().update(status="superseded")
    reference = ReferenceSeries.objects.get()
    number_of = {sensor.pk: number for number, sensor in enumerate(sensors)}
    rows = []
    for stay in CoLocation.objects.all():
        model = model_of(number_of[stay.sensor_id], stay.starts_at, version=version)
        rows.append(
            Calibration(
                sensor_id=stay.sensor_id,
                property_id="pm25",
                version=2 * version + (stay.starts_at > YEAR),
                co_location=stay,
                reference_series=reference,
                method=model.method,
                model=model.to_dict(),
                code_version=model.code_version,
                valid_from=stay.starts_at,
                valid_to=stay.ends_at + timedelta(days=183),
                created_at=NOW,
                status="approved",
                decided_at=NOW,
                decided_by_name="bench",
            )
        )
    Calibration.objects.bulk_create(rows, batch_size=500)


def year(sensors: Sequence[Sensor], *, hours: int, runs: int) -> None:
    end = YEAR + timedelta(hours=hours)
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE readings_hourly_aggregate, readings_hourly_value, readings_hourly_value_revision"
        )
        for quantity, level in (("pm25", LEVELS), ("humidity", "65 + 25 * sin(series.id + hours / 24.0)")):
            cursor.execute(
                f"INSERT INTO readings_hourly_aggregate (series_id, hour, n, total, total_of_squares, minimum, maximum)"
                f" SELECT id, hour, 60, 60 * mean, 60 * (mean * mean + 4), mean - 4, mean + 4 FROM ("
                f"   SELECT series.id, %s::timestamptz + hours * INTERVAL '1 hour' AS hour, {level} AS mean"
                f"   FROM readings_series AS series, generate_series(0, %s - 1) AS hours"
                f"   WHERE series.property_id = %s) AS made",
                [YEAR, hours, quantity],
            )
        cursor.execute("VACUUM ANALYZE readings_hourly_aggregate")
    approve_all(sensors, version=1)
    recompute.recompute(YEAR, end, now=NOW, reason="first publication")
    seconds = []
    for version in range(2, 2 + runs):
        approve_all(sensors, version=version)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE readings_hourly_value")
        begin = time.perf_counter()
        done = recompute.recompute(YEAR, end, now=NOW, reason="calibrations approved")
        seconds.append(time.perf_counter() - begin)
        assert done.changed == done.hours == len(sensors) * hours, done
    peak = peak_mb()
    raw = raw_seconds(end)
    say(
        case="year",
        sensors=len(sensors),
        values=len(sensors) * hours,
        seconds=round(median(seconds), 2),
        peak_mb=round(peak),
        raw_seconds=round(raw, 2),
        ratio_to_raw=round(median(seconds) / raw, 2),
    )


def raw_seconds(end: datetime) -> float:
    """Time reading the same rows and writing the same rows in the same blocks, computing nothing."""
    known = loading.channels(start=YEAR, end=end)
    parts = list(recompute.parts(known, begin=hour_of(YEAR), end=hour_of(end)))

    def move(part: recompute.Part) -> None:
        series = [item.series for item in part.known]
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(recompute.IN_ORDER_OF_PAGES)
            loading.read_sums(cursor, series, begin=part.begin, end=part.end)
            loading.read_means(cursor, [item + len(known) for item in series], begin=part.begin, end=part.end)
            hours = published.read(cursor, series, begin=part.begin, end=part.end)
            published.replace(cursor, hours, series=series, begin=part.begin, end=part.end, now=NOW)
            cursor.execute("COMMIT")
        connection.close()

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE readings_hourly_value")
    with ThreadPoolExecutor(recompute.WORKERS) as pool:
        return timed(lambda: list(pool.map(move, parts)))


def day(sensors: Sequence[Sensor], *, runs: int) -> None:
    layout = Layout.objects.create(signature="pm25//;humidity//")
    for position, quantity in enumerate(("pm25", "humidity"), start=1):
        LayoutChannel.objects.create(layout=layout, position=position, property_id=quantity)
    end = YEAR + timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO readings_raw_message (sensor_id, observed_at, layout_id, received_at, values)"
            " SELECT sensor, at, %s, at, ARRAY[20 + 10 * random(), 60 + 20 * random()]"
            " FROM unnest(%s::bigint[]) AS sensor, generate_series(%s, %s::timestamptz, INTERVAL '1 minute') AS at",
            [layout.pk, [sensor.pk for sensor in sensors], YEAR, end - timedelta(minutes=1)],
        )
        messages = cursor.rowcount
        cursor.execute("VACUUM ANALYZE readings_raw_message")

    def derive() -> None:
        aggregate_period(YEAR, end)
        recompute.recompute(YEAR, end, now=NOW, reason="from raw")

    def forget() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "TRUNCATE readings_hourly_aggregate, readings_hourly_value, readings_hourly_value_revision"
            )

    def scan() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT sum(values[1]), sum(values[2]) FROM readings_raw_message")

    seconds = []
    for _ in range(max(runs, 3)):
        forget()
        seconds.append(timed(derive))
    raw = median(timed(scan) for _ in range(3))
    say(
        case="day",
        sensors=len(sensors),
        messages=messages,
        readings=2 * messages,
        seconds=round(median(seconds), 2),
        peak_mb=round(peak_mb()),
        raw_seconds=round(raw, 2),
        ratio_to_raw=round(median(seconds) / raw, 2),
    )


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
