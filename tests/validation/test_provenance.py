"""Six steps from message to value; the worked hour: 34, 35, 36, 36, 37, 38, mean 36, (36 - 2) / 1.6 = 21.25."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pandas as pd
import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

import calibration as library
from capto.readings.models import (
    HourlyAggregate,
    HourlyValue,
    Placement,
    ReferenceSeries,
    ReferenceValue,
    Series,
)
from capto.validation.evidence import NotPublished, document
from capto.validation.formulas import formula
from capto.validation.models import Calibration, CoLocation, SetAside
from capto.validation.provenance import Explanation, explain
from capto.validation.recompute import after_doubt, dirty_hours, recompute
from tests.readings.conftest import MARCH, layout_of
from tests.readings.test_hourly import send
from tests.validation.conftest import BENCH_ENDS, HOUR, NOW, add_hours, humid, linear

pytestmark = pytest.mark.django_db

LENT = BENCH_ENDS + timedelta(days=1)


@pytest.fixture
def worked(
    make_stay: Callable[..., CoLocation],
    make_placement: Callable[..., Placement],
    approve: Callable[..., Calibration],
) -> Series:
    """The worked hour, published by a calibration on one stay."""
    stay = make_stay()
    approve(stay)
    placement, layout = make_placement(sensor=stay.sensor, starts_at=BENCH_ENDS), layout_of(("pm25", "", ""))
    for number, value in enumerate((34.0, 35.0, 36.0, 36.0, 37.0, 38.0)):
        send(placement, layout, LENT + number * timedelta(minutes=10), [value])
    send(placement, layout, LENT + timedelta(minutes=55), [None], value_flags={"0": "sensor_failure"})
    dirty_hours(now=NOW)
    return Series.objects.get(placement=placement)


def figures(found: Explanation, step: int) -> dict[str, object]:
    return {figure.name: figure.value for figure in found.steps[step - 1].figures}


def test_the_trail_has_six_steps_and_computes_the_same_number_again(worked: Series) -> None:
    found = explain(worked.id, LENT + timedelta(minutes=20))  # any time inside the hour
    assert [step.number for step in found.steps] == [1, 2, 3, 4, 5, 6]
    assert found.is_reproduced
    assert found.title == "Particules PM2,5, heure du 2026-03-09 00:00 UTC"
    assert found.summary == "21,25 µg/m³ ± 4, note B"
    assert figures(found, 1)["mesures reçues dans l’heure"] == 7
    assert figures(found, 1)["dont comptées"] == 6
    assert "l’appareil signale « sensor_failure »" in found.steps[0].notes[0]
    assert (figures(found, 2)["somme des mesures"], figures(found, 2)["moyenne brute"]) == (216.0, 36.0)
    assert found.steps[1].formulas[0] == "216 / 6 = 36 µg/m³"
    assert figures(found, 3)["Valeur figée pendant plusieurs heures"] == "non"
    assert figures(found, 4)["station de référence"] == "Grenoble Les Frênes (FR15043)"
    assert (figures(found, 4)["pente"], figures(found, 4)["coefficient : ordonnée à l’origine"]) == (1.6, 2.0)
    assert "approuvé le 2026-04-30 par Ada : residuals without pattern" in found.steps[3].notes[0]
    assert found.steps[4].formulas == ("(moyenne brute − 2) / 1,6", "(36 − 2) / 1,6 = 21,25 µg/m³")
    assert (figures(found, 6)["valeur publiée"], figures(found, 6)["note de la valeur"]) == (21.25, "B")
    assert figures(found, 6)["part de ce que l’ajustement laisse"] == 4.0


def test_a_number_that_does_not_come_out_again_is_said(worked: Series) -> None:
    HourlyValue.objects.filter(series=worked).update(value=21.250000000000004)
    found = explain(worked.id, LENT)
    assert not found.is_reproduced
    assert found.steps[4].notes == ("Attention : le même calcul ne redonne pas la valeur publiée.",)
    with pytest.raises(CommandError, match="does not give the published value"):
        call_command("explain", str(worked.id), LENT.isoformat(), stdout=StringIO())


def test_an_hour_without_calibration_is_its_raw_mean(make_placement: Callable[..., Placement]) -> None:
    series = add_hours(make_placement(), "pm25", [36.0], start=LENT)
    recompute(LENT, NOW, now=NOW, reason="test")
    found = explain(series.id, LENT)
    assert found.is_reproduced
    assert found.summary == "36 µg/m³, note D"
    assert "Aucun étalonnage approuvé" in found.steps[3].sentence
    assert found.steps[0].notes == (
        "Les messages bruts de cette heure ne sont plus conservés ; leurs sommes le sont.",
    )


def test_a_bracketed_hour_names_both_stays_and_the_share_of_the_second(
    make_stay: Callable[..., CoLocation],
    make_placement: Callable[..., Placement],
    approve: Callable[..., Calibration],
) -> None:
    before, back = make_stay(), MARCH + timedelta(days=21)
    approve(before)
    approve(
        make_stay(sensor=before.sensor, starts_at=back),
        linear(slope=1.8, starts_at=back, ends_at=back + timedelta(days=7)),
    )
    placement = make_placement(sensor=before.sensor, starts_at=BENCH_ENDS, ends_at=back)
    middle = MARCH + timedelta(days=14)
    series = add_hours(placement, "pm25", [36.0], start=middle)
    recompute(MARCH, NOW, now=NOW, reason="test")
    found = explain(series.id, middle)
    assert found.is_reproduced
    assert figures(found, 4)["part du second séjour"] == 0.5
    assert found.steps[4].formulas[-1] == "(36 − 2) / 1,7 = 20 µg/m³"
    assert figures(found, 6)["part de la dérive"] == pytest.approx(1.3631, abs=1e-4)  # 2 · 0.6816


def test_the_station_of_the_stay_stands_beside_for_comparison(
    worked: Series, reference: ReferenceSeries
) -> None:
    ReferenceValue.objects.create(series=reference, hour=LENT, value=20.5, imported_at=NOW)
    assert figures(explain(worked.id, LENT), 6)["station Grenoble Les Frênes, même heure"] == 20.5


def test_the_trail_says_who_set_the_hour_aside_and_why(worked: Series) -> None:
    doubt = SetAside.put(
        worked, starts_at=LENT, ends_at=LENT + HOUR, reason="barbecue", now=NOW, by_name="Ada"
    )
    after_doubt(doubt, now=NOW)
    found = explain(worked.id, LENT)
    assert found.steps[2].notes == ("Écartée le 2026-04-30 par Ada : barbecue",)
    assert found.is_reproduced and found.evidence.published.grade == "D"


def test_a_changed_figure_stays_in_the_trail(worked: Series) -> None:
    send(worked.placement, layout_of(("pm25", "", "")), LENT + timedelta(minutes=59), [43.0])
    dirty_hours(now=NOW + HOUR)
    notes = explain(worked.id, LENT).steps[5].notes
    assert any("21,25 devient 21,88 (late readings)" in note for note in notes)  # (37 - 2) / 1.6 = 21.875


def test_an_hour_that_is_not_published_has_no_trail(worked: Series) -> None:
    with pytest.raises(NotPublished, match="no published value for 2026-03-08 23:00 UTC"):
        explain(worked.id, LENT - HOUR)
    with pytest.raises(CommandError, match="no published value"):
        call_command("explain", str(worked.id), (LENT - HOUR).isoformat(), stdout=StringIO())


def test_the_command_prints_the_same_trail_in_english(worked: Series) -> None:
    said = StringIO()
    call_command("explain", str(worked.id), "2026-03-09T00:20Z", stdout=said)
    lines = said.getvalue().splitlines()
    assert lines[:2] == ["PM2.5 particles, hour of 2026-03-09 00:00 UTC", "21.25 µg/m³ ± 4, grade B"]
    assert "   (36 − 2) / 1.6 = 21.25 µg/m³" in lines
    assert "   Today the same computation gives the same value, to the last digit." in lines


def test_with_the_published_document_and_sums_the_library_alone_gives_the_number(
    make_stay: Callable[..., CoLocation],
    make_placement: Callable[..., Placement],
    approve: Callable[..., Calibration],
) -> None:
    stay = make_stay()
    approved = approve(stay, humid())
    placement = make_placement(sensor=stay.sensor, starts_at=BENCH_ENDS)
    series = add_hours(placement, "pm25", [40.0 / 3], start=LENT, n=5)
    humidity = add_hours(placement, "humidity", [170.0 / 3], start=LENT)
    recompute(MARCH, NOW, now=NOW, reason="test")
    sums, wet = (HourlyAggregate.objects.get(series=known) for known in (series, humidity))
    model = library.Model.from_dict(document(approved)["model"])
    hour = library.means_from_sums(
        pd.DataFrame(
            {"n": [sums.n], "total": [sums.total], "total_of_squares": [sums.total_of_squares]},
            index=pd.DatetimeIndex([LENT]),
        ),
        expected=6,
    ).rename(columns={"mean": "raw"})
    again = library.apply(model, hour.assign(humidity=wet.total / wet.n)).iloc[0]
    stored = HourlyValue.objects.get(series=series)
    assert (again["value"], again["expanded_uncertainty"]) == (stored.value, stored.expanded_uncertainty)


def test_formulas_are_written_as_people_read_them() -> None:
    coefficients = {"intercept": -1.0, "raw": 0.5, "humidity": -0.04}
    hour = {"raw": 36.0, "humidity": 50.0}
    assert formula("mlr_humidity", coefficients) == "−1 + 0,5 × moyenne brute − 0,04 × humidité"
    assert formula("mlr_humidity", coefficients, hour=hour) == "−1 + 0,5 × 36 − 0,04 × 50"
    # growth at 50 % is 1 + 0.4 / 1.65 = 1.2424242, and 36 / 1.2424242 = 28.975610
    assert formula("dry_linear", {"intercept": 2.0, "slope": 1.5}, hour=hour) == "(28,9756 − 2) / 1,5"
    with translation.override("en"):
        assert formula("linear", {"intercept": -2.0, "slope": 1.5}) == "(raw mean + 2) / 1.5"
