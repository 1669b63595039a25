from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from capto.readings import mapped_csv
from capto.readings.mapped_csv import ColumnMap
from capto.readings.reference_hour import BadLine, NotAReferenceFile, ReferenceHour, Station

NOW = datetime(2026, 11, 21, tzinfo=UTC)
STATION = Station("BENCH")
PARIS = ZoneInfo("Europe/Paris")


def read(text: str, *, columns: str = "time=t,pm10=v", unit: str = "ug/m3", **how: object) -> list[object]:
    return list(
        mapped_csv.read(
            text.encode(),
            columns=ColumnMap.of(columns),
            unit=unit,
            station=STATION,
            now=NOW,
            **how,  # type: ignore[arg-type]
        )
    )


def hours(text: str, **how: object) -> dict[str, float | None]:
    return {
        f"{item.hour:%m-%d %H}": item.value for item in read(text, **how) if isinstance(item, ReferenceHour)
    }


def minutes(count: int, *, hour: int, value: float = 10.0, first: int = 0) -> list[str]:
    return [f"2026-01-05 {hour:02}:{minute:02}:00,{value}" for minute in range(first, first + count)]


def test_minutes_are_averaged_to_hours_that_have_45_of_them() -> None:
    text = "\n".join(["t,v", *minutes(44, hour=7), *minutes(45, hour=8, value=20.0), *minutes(60, hour=9)])
    assert hours(text) == {"01-05 08": 20.0, "01-05 09": 10.0}


def test_the_mean_of_an_hour_is_that_of_its_readings() -> None:
    text = "\n".join(["t,v", *minutes(30, hour=8, value=10.0), *minutes(30, hour=8, value=25.0, first=30)])
    assert hours(text) == {"01-05 08": 17.5}


def test_missing_readings_lower_the_coverage() -> None:
    rows = minutes(60, hour=8)
    rows[:16] = [
        row.replace("10.0", missing)
        for row, missing in zip(rows, ["NA", "", "-999", "nan"] * 4, strict=False)
    ]
    assert hours("\n".join(["t,v", *rows])) == {}


def test_a_time_that_ends_its_hour_belongs_to_the_hour_before() -> None:
    text = "t;v\n2026-01-05 01:00;12,5\n2026-01-05 02:00;13,5"
    assert hours(text, hour_label="end") == {"01-05 00": 12.5, "01-05 01": 13.5}
    assert hours(text) == {"01-05 01": 12.5, "01-05 02": 13.5}


def test_a_minute_that_ends_its_minute_is_moved_by_a_minute() -> None:
    text = "\n".join(["t,v", *minutes(59, hour=8, first=1), "2026-01-05 09:00:00,70.0"])
    assert hours(text, hour_label="end") == {"01-05 08": 11.0}  # (59 · 10 + 70) / 60


@pytest.mark.parametrize(
    "spelling",
    [
        "2026-01-05T08:00:00Z",
        "2026-01-05T09:00:00+01:00",
        "2026/01/05 08:00",
        "05/01/2026 08:00",
        "05/01/2026 08.00.00",
        "1767600000",
        "1767600000000",
    ],
)
def test_times_are_read_in_many_spellings(spelling: str) -> None:
    assert hours(f"t,v\n{spelling},10") == {"01-05 08": 10.0}


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (["8/1/2019 0:00,1", "8/1/2019 1:00,2"], "'8/1/2019' can put the day first or the month"),
        (["08/01/2019 00:00,1", "08/25/2019 01:00,2"], "'08/25/2019' puts the month before the day"),
        (["08-01-2019 23:00,1", "08-02-2019 00:00,2"], "only where 08/01/2019 puts the month first"),
    ],
)
def test_dates_that_may_put_the_month_first_are_refused_until_someone_says_which(
    rows: list[str], why: str
) -> None:
    text = "\n".join(["t,v", *rows])
    with pytest.raises(NotAReferenceFile, match=why) as refused:
        read(text)
    assert "--time-format" in str(refused.value)


def test_whoever_says_how_times_are_spelled_is_believed() -> None:
    text = "t,v\n8/1/2019 0:00,1\n8/1/2019 1:00,2"
    assert hours(text, columns="time=t,time_format=%m/%d/%Y %H:%M,pm10=v") == {
        "08-01 00": 1.0,
        "08-01 01": 2.0,
    }
    assert hours(text, columns="time=t,time_format=%d/%m/%Y %H:%M,pm10=v") == {
        "01-08 00": 1.0,
        "01-08 01": 2.0,
    }
    (bad,) = read("t,v\n2019-08-01 00:00,1", columns="time=t,time_format=%m/%d/%Y %H:%M,pm10=v")
    assert bad == BadLine(2, "'2019-08-01 00:00' is not spelled '%m/%d/%Y %H:%M'")


def test_days_before_months_are_read_where_the_file_shows_it() -> None:
    assert hours("t,v\n31/1/2019 23:00,1\n31/1/2019 22:00,2") == {"01-31 22": 2.0, "01-31 23": 1.0}
    text = "t,v\n1/2/2019 00:00,3\n31/1/2019 23:00,1"
    assert hours(text) == {"01-31 23": 1.0, "02-01 00": 3.0}
    assert hours("t,v\n08/01/2019 23:00,1\n09/01/2019 00:00,2") == {"01-08 23": 1.0, "01-09 00": 2.0}
    assert hours("t,v\n8.1.2019 23:00,1") == {"01-08 23": 1.0}


def test_two_columns_can_make_the_time() -> None:
    text = "Date;Time;PM\n10/03/2004;18.00.00;7,5"
    assert hours(text, columns="time=Date+Time,pm10=PM") == {"03-10 18": 7.5}


def test_local_times_become_utc_and_the_hour_that_occurs_twice_is_told_by_its_order() -> None:
    text = "t,v\n" + "\n".join(
        f"2025-10-26 {hour:02}:00,{value}" for hour, value in [(1, 1), (2, 2), (2, 3), (3, 4)]
    )
    assert hours(text, zone=PARIS) == {"10-25 23": 1.0, "10-26 00": 2.0, "10-26 01": 3.0, "10-26 02": 4.0}


def test_a_local_time_that_does_not_exist_is_a_bad_line() -> None:
    (bad,) = read("t,v\n2026-03-29 02:00,5", zone=PARIS)
    assert bad == BadLine(2, "'2026-03-29 02:00' does not exist in Europe/Paris: clocks go forward")


def test_mixing_ratios_become_micrograms_at_20_degrees() -> None:
    # calibration.md, section 2: 1 ppb of NO2 is 1.9125 µg/m³, 1 ppm of CO 1.1644 mg/m³
    assert hours("t,v\n2026-01-05 08:00,10", columns="time=t,no2=v", unit="ppb") == {
        "01-05 08": pytest.approx(19.125, abs=5e-4)
    }
    assert hours("t,v\n2026-01-05 08:00,1", columns="time=t,co=v", unit="ppm") == {
        "01-05 08": pytest.approx(1.1644, abs=5e-5)
    }


@pytest.mark.parametrize(
    ("text", "how", "expected"),
    [
        ("t,x\n1,2", {}, "no column v; there are t, x"),
        ("t,v\n2026-01-05,1\n2026-01-06,2\n2026-01-07,3", {}, "rows are 1 day, 0:00:00 apart"),
        ("t,v\n2026-01-05 08:00,1", {"unit": "ppb"}, "pm10 cannot be given in ppb"),
        ("t,v\n2026-01-05 08:00,1", {"unit": "grains"}, "unknown unit 'grains'"),
    ],
)
def test_a_file_that_cannot_be_read_as_a_whole_says_why(
    text: str, how: dict[str, str], expected: str
) -> None:
    with pytest.raises(NotAReferenceFile, match=expected):
        read(text, **how)


def test_bad_lines_have_their_number_and_reason_and_the_others_are_kept() -> None:
    found = read(
        "t,v\n2026-01-05 08:00,10\nyesterday,10\n2026-01-05 09:00,many\n2026-01-05 10:00\n"
        "2026-01-05 08:00,11\n2099-01-01 00:00,1\n2026-01-05 09:00,12\n2026-01-05 10:00,13"
    )
    assert [item for item in found if isinstance(item, BadLine)] == [
        BadLine(3, "'yesterday' is not a time that is understood"),
        BadLine(4, "'many' is not a number"),
        BadLine(5, "1 columns where the header has 2"),
        BadLine(6, "the same time was given on line 2 with another value"),
        BadLine(7, "the time 2099-01-01 00:00 is in the future"),
    ]
    assert [item.value for item in found if isinstance(item, ReferenceHour)] == [10.0, 12.0, 13.0]


def test_hourly_rows_that_start_at_half_past_are_bad_lines() -> None:
    found = read("t,v\n2026-01-05 08:30,10\n2026-01-05 09:30,11")
    assert found == [
        BadLine(2, "the hour starts at 08:30:00, not at a full hour"),
        BadLine(3, "the hour starts at 09:30:00, not at a full hour"),
    ]


@pytest.mark.parametrize("text", ["pm10=v", "time=t", "time=t,pm10", ""])
def test_a_map_without_time_or_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        ColumnMap.of(text)
