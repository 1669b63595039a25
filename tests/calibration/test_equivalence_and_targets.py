import numpy as np
import odrpack
import pandas as pd
import pytest
import statsmodels.api as sm

import calibration
from calibration import equivalence
from calibration.targets import TARGETS, fleet_error, meets, precision

RNG = np.random.default_rng(11)
X = RNG.gamma(3.0, 6.0, 300)
Y = 1.5 + 1.2 * X + RNG.normal(0.0, 2.0, 300)


def test_the_orthogonal_line_is_that_of_odrpack() -> None:
    found = equivalence.regression(X, Y)
    oracle = odrpack.odr_fit(lambda x, beta: beta[0] + beta[1] * x, X, Y, beta0=np.array([0.0, 1.0]))
    assert [found.intercept, found.slope] == pytest.approx(oracle.beta.tolist(), rel=1e-4)


def test_the_deming_line_is_that_of_odrpack_with_weights() -> None:
    ratio = 4.0  # the sensor's variance is four times the reference's
    found = equivalence.regression(X, Y, kind="deming", variance_ratio=ratio)
    oracle = odrpack.odr_fit(
        lambda x, beta: beta[0] + beta[1] * x, X, Y, beta0=np.array([0.0, 1.0]), weight_x=ratio, weight_y=1.0
    )
    assert [found.intercept, found.slope] == pytest.approx(oracle.beta.tolist(), rel=1e-4)


def test_the_ordinary_line_is_that_of_statsmodels() -> None:
    found = equivalence.regression(X, Y, kind="ols")
    oracle = sm.OLS(Y, sm.add_constant(X)).fit()
    assert [found.intercept, found.slope, found.r2] == pytest.approx([*oracle.params, oracle.rsquared])
    assert found.residual_variance == pytest.approx(oracle.mse_resid)
    assert found.slope_u == pytest.approx(oracle.bse[1])


def test_hubers_fit_is_that_of_statsmodels() -> None:
    from calibration.robust import solve

    y = Y.copy()
    y[:5] += 80.0
    design = sm.add_constant(X)
    oracle = sm.RLM(y, design, M=sm.robust.norms.HuberT(1.345)).fit(maxiter=200)
    assert solve(design, y)[0].tolist() == pytest.approx(oracle.params.tolist(), rel=2e-3)


def test_a_perfect_sensor_has_no_uncertainty_and_class_1() -> None:
    fitted = equivalence.regression([10.0, 20.0, 60.0], [10.0, 20.0, 60.0])
    found = equivalence.indicative_class(fitted, calibration.objective("pm10"))
    assert (found.uncertainty, found.number, found.extrapolated) == (pytest.approx(0.0, abs=1e-6), 1, False)


def test_the_uncertainty_is_that_worked_out_by_hand() -> None:
    # RSS/(n-2) = 9, a = 1, b = 1.1, x = 20: u² = 9 + (1 + 2)² = 18; U_r = 200·√18/20 = 42.43 %
    fitted = equivalence.Regression("ols", 100, 1.1, 1.0, 0.0, 0.0, 0.9, 9.0, 0.0, 30.0)
    assert equivalence.relative_expanded_uncertainty(fitted, 20.0) == pytest.approx(42.426407)
    # with u(bs,RM) = 1 and u(bs,s) = 2: u² = 9 - 1 + 4 + 9 = 21
    assert equivalence.relative_expanded_uncertainty(
        fitted, 20.0, between_references=1.0, between_sensors=2.0
    ) == pytest.approx(10 * 21**0.5)
    bias, random = equivalence.target_diagram(fitted, 20.0)
    assert 100 * np.hypot(bias, random) == pytest.approx(42.426407)


def test_a_reference_said_to_be_worse_than_the_residuals_is_noticed() -> None:
    fitted = equivalence.Regression("ols", 100, 1.0, 0.0, 0.0, 0.0, 0.9, 1.0, 0.0, 30.0)
    assert equivalence.residual_is_negative(fitted, between_references=1.5)
    assert equivalence.relative_expanded_uncertainty(fitted, 10.0, between_references=1.5) == 0.0


@pytest.mark.parametrize(("percent", "number"), [(50.0, 1), (50.1, 2), (100.0, 2), (200.0, 3), (200.1, None)])
def test_the_classes_of_particles(percent: float, number: int | None) -> None:
    residual = (percent / 200.0 * 50.0) ** 2
    fitted = equivalence.Regression("ols", 100, 1.0, 0.0, 0.0, 0.0, 0.9, residual * (1 - 1e-12), 0.0, 60.0)
    assert equivalence.indicative_class(fitted, calibration.objective("pm10")).number == number


def test_a_limit_value_beyond_what_was_observed_is_extrapolated() -> None:
    fitted = equivalence.Regression("ols", 100, 1.0, 0.0, 0.0, 0.0, 0.9, 1.0, 0.0, 30.0)
    assert equivalence.indicative_class(fitted, calibration.objective("pm10")).extrapolated


def test_precision_counts_only_hours_with_all_units() -> None:
    units = pd.DataFrame({"a": [1.0, 5.0, np.nan], "b": [3.0, 5.0, 9.0]})
    found = precision(units)
    # rows (1, 3) and (5, 5): squares 1 + 1; N·M - 1 = 3; mean 3.5
    assert (found.n, found.sd, found.mean) == (2, pytest.approx((2 / 3) ** 0.5), 3.5)
    assert found.cv == pytest.approx(100 * (2 / 3) ** 0.5 / 3.5)
    # the European figure divides by n(M - 1) = 2
    assert equivalence.between_sensors(units) == pytest.approx(1.0)


def test_the_error_of_a_fleet_counts_only_hours_with_a_reference() -> None:
    at = pd.date_range("2026-01-01", periods=3, freq="h", tz="UTC")
    units = pd.DataFrame({"a": [10.0, 12.0, 50.0], "b": [14.0, 8.0, 50.0]}, index=at)
    reference = pd.Series([10.0, 10.0], index=at[:2])
    found = fleet_error(units, reference)
    # errors 0, 4, 2, -2: Σ² = 24 over N·M = 4; the tool of the EPA would divide by 6
    assert (found.n, found.rmse) == (2, pytest.approx(6**0.5))
    assert found.nrmse == pytest.approx(10 * 6**0.5)


def test_a_target_with_two_ways_is_met_by_either() -> None:
    row = TARGETS["pm25"]
    assert meets(row, rmse=8.0, nrmse=29.0)["rmse"] is True
    assert meets(row, rmse=8.0, nrmse=31.0)["rmse"] is False
    assert meets(row, rmse=8.0)["rmse"] is False
    assert meets(row)["rmse"] is None
    assert meets(row, slope=0.64)["slope"] is False
    assert meets(row, slope=0.65)["slope"] is True
    assert meets(row, sd=6.0, cv=10.0)["precision"] is True
