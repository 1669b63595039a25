"""The air of the simulated city: plausible, and the same whoever asks."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from capto.simulation.city import City, Period
from capto.simulation.town import STATIONS, spot
from capto.simulation.weather import DAY, HOUR, dew_point_of, relative_humidity, saturation_pressure

OPENED = int(datetime(2026, 11, 21, 4, tzinfo=UTC).timestamp())
BACKGROUND, TRAFFIC = STATIONS
HOURS = np.arange(OPENED // HOUR * HOUR - 365 * DAY, OPENED // HOUR * HOUR, HOUR, dtype=np.int64)


@pytest.fixture(scope="module", params=[1, 2])
def year(request: pytest.FixtureRequest) -> Period:
    return City(seed=request.param, opened_at=OPENED).between(int(HOURS[0]), OPENED)


def true_hours(year: Period, station=BACKGROUND) -> pd.DataFrame:
    index = pd.to_datetime(HOURS, unit="s", utc=True)
    return pd.DataFrame(year.hourly(station.spot, HOURS), index=index)


def test_the_same_instant_has_the_same_air_in_any_window():
    city = City(seed=7, opened_at=OPENED)
    at = np.arange(OPENED - 2 * DAY, OPENED - DAY, 600)
    where = spot(420.0, -1_300.0)
    of_a_year = city.between(OPENED - 365 * DAY, OPENED).air(where, at)
    of_two_days = city.between(OPENED - 2 * DAY, OPENED - DAY).air(where, at)
    for name, long, short in zip(of_a_year._fields, of_a_year, of_two_days, strict=True):
        np.testing.assert_allclose(long, short, rtol=1e-9, atol=1e-9, err_msg=name)


def test_another_seed_is_another_city():
    at = np.arange(OPENED - 10 * DAY, OPENED, HOUR)
    one, other = (
        City(seed=seed, opened_at=OPENED).between(OPENED - 10 * DAY, OPENED).air(BACKGROUND.spot, at)
        for seed in (1, 2)
    )
    assert abs(np.corrcoef(one.temperature, other.temperature)[0, 1]) < 0.9
    assert not np.allclose(one.pm25, other.pm25)


def test_instants_outside_the_period_are_refused():
    period = City(seed=1, opened_at=OPENED).between(OPENED - DAY, OPENED)
    with pytest.raises(ValueError, match="outside the period"):
        period.air(BACKGROUND.spot, np.array([OPENED + DAY]))


def test_the_year_has_the_levels_of_a_french_town(year):
    # Orders of magnitude of French urban stations: PM2.5 6-16, PM10 10-25, NO2 8-25 µg/m³ at background sites.
    air = true_hours(year)
    assert 6.0 < air.pm25.mean() < 16.0
    assert 10.0 < air.pm10.mean() < 25.0
    assert 8.0 < air.no2.mean() < 25.0
    assert 35.0 < air.o3.mean() < 75.0
    assert 9.0 < air.temperature.mean() < 15.0
    assert 60.0 < air.humidity.mean() < 85.0


def test_no_hour_is_impossible(year):
    air = true_hours(year, TRAFFIC)
    assert (air >= 0.0).drop(columns="temperature").all().all()
    assert (air.pm10 >= air.pm25).all()
    assert air.humidity.max() <= 100.0
    assert air.temperature.between(-20.0, 42.0).all()
    assert air.pm10.max() < 400.0


def test_winter_smokes_and_summer_makes_ozone(year):
    air = true_hours(year)
    month = air.index.month
    winter, summer = air[np.isin(month, (12, 1, 2))], air[np.isin(month, (6, 7, 8))]
    assert winter.pm25.mean() > 1.5 * summer.pm25.mean()
    assert summer.o3.mean() > 1.5 * winter.o3.mean()
    assert summer.temperature.mean() > winter.temperature.mean() + 10.0


def test_the_boulevard_has_the_rush_hours_and_the_weekend_is_calmer(year):
    at_the_street, in_the_garden = true_hours(year, TRAFFIC), true_hours(year)
    assert at_the_street.no2.mean() > 1.4 * in_the_garden.no2.mean()
    local = at_the_street.tz_convert("Europe/Paris")
    working = local[local.index.day_of_week < 5].no2
    by_hour = working.groupby(working.index.hour).mean()
    assert by_hour[8] > 1.3 * by_hour[13]
    assert working.mean() > 1.1 * local[local.index.day_of_week >= 5].no2.mean()


def test_wood_smoke_peaks_on_winter_evenings(year):
    local = true_hours(year).tz_convert("Europe/Paris")
    winter = local[np.isin(local.index.month, (11, 12, 1, 2))].pm25
    by_hour = winter.groupby(winter.index.hour).mean()
    assert by_hour[21] > 1.25 * by_hour[14]


def test_the_air_mixes_higher_by_day_than_by_night(year):
    hour = (year.at % DAY) // HOUR
    height = year.weather.mixing_height
    assert height[hour == 14].mean() > 3.0 * height[hour == 3].mean()


def test_an_episode_of_four_days_came_before_the_opening(year):
    daily = true_hours(year).pm10.resample("D").mean()
    episode = year.city.episode
    first, last = (pd.Timestamp(t, unit="s", tz="UTC") for t in (episode.starts_at, episode.ends_at))
    assert last < pd.Timestamp(OPENED, unit="s", tz="UTC") - pd.Timedelta(days=4)
    inside = daily[first : last - pd.Timedelta(hours=1)]
    assert len(inside) == 4
    assert inside.max() > 45.0  # the information threshold of PM10 is 50 µg/m³ a day
    assert inside.mean() > 1.8 * daily.mean()


def test_a_home_is_warm_dry_and_smells_of_dinner(year):
    at = HOURS
    outdoors, indoors = (year.air(spot(900.0, 900.0, is_indoor=inside), at) for inside in (False, True))
    assert indoors.temperature.min() > 17.0 and indoors.temperature.max() < 28.0
    assert indoors.humidity.mean() < outdoors.humidity.mean()
    assert indoors.o3.mean() < 0.5 * outdoors.o3.mean()
    hour = pd.to_datetime(at, unit="s", utc=True).tz_convert("Europe/Paris").hour
    assert indoors.pm25[hour == 20].mean() > 1.5 * indoors.pm25[hour == 4].mean()


def test_thirty_metres_share_an_air_and_a_street_away_is_another(year):
    at = HOURS[:500]
    garden = year.air(spot(-620.0, 480.0), at).pm25
    np.testing.assert_allclose(garden, year.air(spot(-618.0, 482.0), at).pm25, rtol=0.01)
    elsewhere = year.air(spot(-1_620.0, 1_480.0), at).pm25
    assert 0.5 < np.corrcoef(garden, elsewhere)[0, 1] < 0.999


def test_a_true_hour_is_the_mean_of_its_instants(year):
    hour = HOURS[4_000]
    instants = hour + np.arange(1.0, 3_600.0, 2.0)
    expected = year.air(BACKGROUND.spot, instants).pm25.mean()
    assert year.hourly(BACKGROUND.spot, np.array([hour]))["pm25"][0] == pytest.approx(expected, rel=1e-4)


def test_vapour_follows_the_magnus_form():
    # Sonntag 1990: 23.4 hPa at 20 °C, 6.11 hPa at 0 °C
    assert saturation_pressure(np.array([20.0, 0.0])) == pytest.approx([23.37, 6.112], abs=0.05)
    there = dew_point_of(np.array([20.0]), np.array([50.0]))
    assert there == pytest.approx([9.26], abs=0.05)  # psychrometric tables: 9.3 °C
    assert relative_humidity(np.array([20.0]), there) == pytest.approx([50.0], abs=1e-6)
