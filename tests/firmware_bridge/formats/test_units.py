import importlib

import pytest

from firmware_bridge.formats.fields import field_in_unit
from firmware_bridge.formats.units import CANONICAL_UNIT, UnknownUnit, conversion


# Fixed points: 32 °F = 0 °C, -40 °F = -40 °C, 273.15 K = 0 °C; one standard atmosphere is 101325 Pa = 760 mmHg
# = 29.92125 inHg (NIST SP 811); 1 dL = 100 cm³, 1 L = 1000 cm³.
@pytest.mark.parametrize(
    ("quantity", "unit", "value", "expected"),
    [
        ("temperature", "°F", 32.0, 0.0),
        ("temperature", "F", -40.0, -40.0),
        ("temperature", "K", 273.15, 0.0),
        ("temperature", "ºC", 6.8, 6.8),
        ("pressure", "Pa", 101325.0, 1013.25),
        ("pressure", "kPa", 101.325, 1013.25),
        ("pressure", "mbar", 1013.25, 1013.25),
        ("pressure", "mmHg", 760.0, 1013.25),
        ("pressure", "inHg", 29.92125, 1013.25),
        ("pm25", "µg/m³", 11.4, 11.4),
        ("pm25", "μg/m³", 11.4, 11.4),
        ("pm25", "µg⋅m⁻³", 11.4, 11.4),
        ("pm25", "mg/m3", 0.0114, 11.4),
        ("pn03", "#/dL", 1034.5, 10.345),
        ("pn03", "#/0.1L", 1210.0, 12.1),
        ("pn03", "#/L", 12100.0, 12.1),
        ("pn03", "#/cm³", 12.1, 12.1),
        ("co2", "ppm", 431.0, 431.0),
        ("co2", "ppb", 431000.0, 431.0),
        ("voc_ppb", "ppm", 0.12, 120.0),
        ("hcho_ugm3", "mg/m³", 0.012, 12.0),
        ("co", "µg/m³", 400.0, 0.4),
        ("co", "mg/m³", 0.4, 0.4),
        ("laeq", "dB(A)", 51.7, 51.7),
        ("battery_v", "mV", 3910.0, 3.91),
        ("uptime", "ms", 40211.0, 40.211),
    ],
)
def test_a_value_is_brought_to_the_canonical_unit(quantity, unit, value, expected):
    assert conversion(quantity, unit)(value) == pytest.approx(expected, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("quantity", "unit"), [("pm25", "°C"), ("humidity", "hPa"), ("pm25", "grain/gal"), ("pm99", "ug/m3")]
)
def test_a_unit_that_is_unknown_or_another_quantitys_is_refused(quantity, unit):
    with pytest.raises(UnknownUnit):
        conversion(quantity, unit)


def test_every_canonical_unit_is_accepted_for_its_quantity():
    for quantity, unit in CANONICAL_UNIT.items():
        assert conversion(quantity, unit)(1.5) == 1.5


def test_a_quantity_of_our_own_keeps_the_unit_declared():
    assert field_in_unit("nitrate", "mg/L").unit == "mg/L"
    with pytest.raises(UnknownUnit):
        field_in_unit("nitrate", None)


def test_the_catalogue_describes_quantities_in_the_same_units():
    described = {}
    for name in ("0002_describe_observed_properties", "0006_describe_what_else_devices_send"):
        rows = importlib.import_module(f"capto.catalogue.migrations.{name}").PROPERTIES
        described |= {code: unit for code, _, _, _, unit, *_ in rows}
    assert {code: described.get(code) for code in CANONICAL_UNIT} == CANONICAL_UNIT
