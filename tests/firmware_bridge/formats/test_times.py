from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from firmware_bridge.formats.times import NotATime, clock_was_not_set, from_epoch, read_time

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("text", "expected", "assumed"),
    [
        ("2026-03-01T09:00:00Z", datetime(2026, 3, 1, 9, tzinfo=UTC), False),
        ("2026-03-01t09:00:00z", datetime(2026, 3, 1, 9, tzinfo=UTC), False),
        ("2026/03/01T09:00:13z", datetime(2026, 3, 1, 9, 0, 13, tzinfo=UTC), False),
        ("2026-03-01 09:00", datetime(2026, 3, 1, 8, tzinfo=UTC), True),
        ("2026-03-01T10:00:00+01:00", datetime(2026, 3, 1, 9, tzinfo=UTC), False),
        ("2026-03-01T10:00:00+0100", datetime(2026, 3, 1, 9, tzinfo=UTC), False),
        ("2026-03-01T03:30:00-05:30", datetime(2026, 3, 1, 9, tzinfo=UTC), False),
        ("2026-03-01T09:00:01.105332999Z", datetime(2026, 3, 1, 9, 0, 1, 105332, tzinfo=UTC), False),
        ("2026-03-01T09:00:01,5Z", datetime(2026, 3, 1, 9, 0, 1, 500000, tzinfo=UTC), False),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC), False),  # a leap second
        ("2026-07-01T10:00:00", datetime(2026, 7, 1, 8, tzinfo=UTC), True),
        # 2026-10-25: the hour from 2 to 3 comes twice in Paris; the first, summer, is taken.
        ("2026-10-25T02:30:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), True),
        ("0001-01-02T00:00:00Z", datetime(1, 1, 2, tzinfo=UTC), False),
    ],
)
def test_times_are_read_in_their_many_spellings(text, expected, assumed):
    assert read_time(text, zone=PARIS) == (expected, assumed)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "noon",
        "2026-02-30T00:00:00Z",
        "2026-03-01T25:00:00Z",
        "2026-03-01",
        "0001-01-01T00:00:00+14:00",  # before year 1 in UTC
        "9999-12-31T23:59:59-14:00",
        "9999-12-31T23:59:60Z",
        "2026-03-01T09:00:00+99:00",
        "٢٠٢٦-03-01T09:00:00Z",
        "2" * 100_000,
        1772355600,
        None,
        True,
    ],
)
def test_what_is_no_time_says_so(raw):
    with pytest.raises(NotATime) as refusal:
        read_time(raw, zone=PARIS)
    assert str(refusal.value)


def test_epochs_are_exact_to_the_microsecond():
    assert from_epoch(1772355600) == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert from_epoch(-1) == datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)
    for seconds in (1e20, -1e20, float("nan"), float("inf")):
        with pytest.raises(NotATime):
            from_epoch(seconds)


def test_a_clock_at_its_origin_was_never_set():
    assert clock_was_not_set(datetime(1970, 1, 1, 0, 3, tzinfo=UTC))
    assert clock_was_not_set(datetime(2000, 1, 1, 23, tzinfo=UTC))
    assert not clock_was_not_set(datetime(1970, 1, 2, tzinfo=UTC))
    assert not clock_was_not_set(datetime(2026, 3, 1, tzinfo=UTC))
    # Half past midnight of the unset clock's first day, as local time of Paris.
    assert clock_was_not_set(datetime(1969, 12, 31, 23, 30, tzinfo=UTC))
    assert not clock_was_not_set(datetime(1969, 12, 30, 23, 30, tzinfo=UTC))
