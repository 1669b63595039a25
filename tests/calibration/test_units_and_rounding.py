from decimal import Decimal

import pytest

import calibration
from calibration.units import US_TEMPERATURE, factor


@pytest.mark.parametrize(
    ("gas", "eu", "us"),
    [
        ("no2", 1.9125, 1.8804),
        ("o3", 1.9953, 1.9619),
        ("no", 1.2474, 1.2265),
        ("so2", 2.6633, 2.6186),
        ("co", 1.1644, 1.1449),
    ],
)
def test_the_factors_of_the_reference_sheet(gas: str, eu: float, us: float) -> None:
    assert round(factor(gas), 4) == eu
    assert factor(gas, temperature=US_TEMPERATURE) == pytest.approx(us, abs=6e-5)


def test_ppb_there_and_back() -> None:
    assert calibration.to_ppb(calibration.to_mass(40.0, "no2"), "no2") == pytest.approx(40.0, rel=1e-15)


def test_nox_is_reported_as_the_mass_of_no2() -> None:
    assert calibration.nox_as_no2(10.0, 20.0) == pytest.approx(30 * 1.91251, rel=1e-5)


def test_particles_are_never_converted() -> None:
    with pytest.raises(KeyError):
        calibration.to_mass(1.0, "pm25")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.35", "0.4"),
        ("-0.15", "-0.2"),
        ("0.25", "0.3"),
        ("2.675", "2.7"),
        ("-0.04", "0.0"),
        ("1e-3", "0.0"),
        ("14.975", "15.0"),
    ],
)
def test_the_french_rounding_from_text(text: str, expected: str) -> None:
    assert str(calibration.rounded(text)) == expected


def test_halves_that_binary_rounding_gets_wrong() -> None:
    assert round(0.35, 1) == 0.3  # the reason for all this: 0.35 is just below a half in binary
    assert calibration.rounded(0.35) == Decimal("0.4")
    assert calibration.rounded_all([0.5, 1.5, 2.5, -0.5], decimals=0) == [1.0, 2.0, 3.0, -1.0]
