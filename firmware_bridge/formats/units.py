"""Canonical units and every conversion to them, in one place.

Units are UCUM codes. The table is section A of the wire formats' reference; what the reference calls vendor
variables (no agreed meaning across models) follow it and are never converted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

UG_M3 = "ug/m3"
MG_M3 = "mg/m3"
PER_CM3 = "/cm3"
CELSIUS = "Cel"
PERCENT = "%"
HPA = "hPa"
PPM = "[ppm]"
PPB = "[ppb]"
ONE = "1"
MICROMETRE = "um"
DB_SPL = "dB[SPL]"  # the weighting (A, C, Z) is in the name of the quantity
LUX = "lx"
METRE = "m"
VOLT = "V"
MILLIVOLT = "mV"

MASS = ("pm1", "pm25", "pm4", "pm10")
_NUMBER = ("pn03", "pn05", "pn1", "pn25", "pn4", "pn5", "pn10")
_NUMBER_UP_TO = ("pnto05", "pnto1", "pnto25", "pnto4", "pnto10")

CANONICAL_UNIT: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(MASS, UG_M3),
        **dict.fromkeys(_NUMBER, PER_CM3),
        **dict.fromkeys(_NUMBER_UP_TO, PER_CM3),
        "pm_tps": MICROMETRE,
        "temperature": CELSIUS,
        "dew_point": CELSIUS,
        "humidity": PERCENT,
        "pressure": HPA,
        "co2": PPM,
        "eco2": PPM,
        "no2": UG_M3,
        "no": UG_M3,
        "o3": UG_M3,
        "so2": UG_M3,
        "co": MG_M3,
        **dict.fromkeys(("no2_ppb", "no_ppb", "o3_ppb"), PPB),
        "co_ppm": PPM,
        "voc_index": ONE,
        "nox_index": ONE,
        "voc_raw": ONE,
        "nox_raw": ONE,
        "voc_ppb": PPB,
        "voc_ugm3": UG_M3,
        "hcho_ppb": PPB,
        "hcho_ugm3": UG_M3,
        **dict.fromkeys(("laeq", "la_min", "la_max", "lceq", "lzeq"), DB_SPL),
        "illuminance": LUX,
        "altitude": METRE,
        # Vendor variables: as sent.
        "pm01": UG_M3,  # PM0.1 of the IPS-7100
        "pm03": UG_M3,
        "pm05": UG_M3,
        "pm5": UG_M3,
        **dict.fromkeys(("ips_n01", "ips_n03", "ips_n05", "ips_n1", "ips_n25", "ips_n5", "ips_n10"), ONE),
        "ppd42_p1_count": ONE,
        "ppd42_p2_count": ONE,
        "ppd42_p1_ratio": PERCENT,
        "ppd42_p2_ratio": PERCENT,
        "ppd42_p1_duration": "us",
        "ppd42_p2_duration": "us",
        **{f"electrode_{number}": MILLIVOLT for number in range(61, 69)},
        "tvoc_vendor": ONE,
        "hcho_vendor": ONE,
        "o3_vendor": ONE,
        "no2_vendor": ONE,
        "co_vendor": ONE,
        "nh3_vendor": ONE,
        "gas_vendor": ONE,
        "radiation_cpm": "/min",
        "radiation_usvh": "uSv/h",
    }
)

# A device's own health: it goes to the status of a message, not to its readings.
HEALTH_UNIT: Mapping[str, str] = MappingProxyType(
    {
        "battery_pct": PERCENT,
        "battery_v": VOLT,
        "rssi": "dB[mW]",
        "snr": "dB",
        "uptime": "s",
        "link_quality": ONE,
    }
)

# Of these quantities a device may have several outputs, so silence about the variant means that it is
# unknown; of any other there is one.
_QUANTITIES_WITH_VARIANTS = frozenset(MASS)


def variant_where_unsaid(quantity: str) -> str:
    """Name the variant of a quantity whose sender does not say: `unknown` for mass, else `native`."""
    return "unknown" if quantity in _QUANTITIES_WITH_VARIANTS else "native"


def per_decilitre(value: float) -> float:
    """Convert a count per 0.1 L (= per dL = per 100 cm³) to a count per cm³."""
    return value / 100.0


def pa_to_hpa(value: float) -> float:
    """Convert pascals to hectopascals."""
    return value / 100.0


def kpa_to_hpa(value: float) -> float:
    """Convert kilopascals to hectopascals."""
    return value * 10.0


def fahrenheit_to_celsius(value: float) -> float:
    """Convert °F to °C."""
    return (value - 32.0) / 1.8


def kelvin_to_celsius(value: float) -> float:
    """Convert kelvins to °C."""
    return value - 273.15


def thousand(value: float) -> float:
    """Multiply by 1000 (mg/m³ to µg/m³, kilo-units)."""
    return value * 1000.0


def thousandth(value: float) -> float:
    """Divide by 1000 (mV to V, ms to s, #/L to #/cm³, ppb to ppm)."""
    return value / 1000.0


def ten_millionth(value: float) -> float:
    """Convert 1e-7 degree integers to degrees."""
    return value / 1e7


def mmhg_to_hpa(value: float) -> float:
    """Convert millimetres of mercury to hectopascals (1 mmHg = 133.322387415 Pa, NIST SP 811)."""
    return value * 1.33322387415


def inhg_to_hpa(value: float) -> float:
    """Convert inches of mercury (32 °F) to hectopascals (1 inHg = 3386.389 Pa, NIST SP 811)."""
    return value * 33.86389


def dbw_to_dbm(value: float) -> float:
    """Convert dBW to dBm."""
    return value + 30.0


def same(value: float) -> float:
    """Leave the value as it is."""
    return value


Conversion = Callable[[float], float]

# Spellings of a unit, as devices and people write it -> (canonical unit, conversion). Micro exists as U+00B5
# and U+03BC and becomes u before the look-up, superscripts become digits.
_SPELLINGS: Mapping[str, tuple[str, Conversion]] = MappingProxyType(
    {
        "ug/m3": (UG_M3, same),
        "ug.m-3": (UG_M3, same),
        "ugm-3": (UG_M3, same),
        "microgram per cubic meter": (UG_M3, same),
        "mg/m3": (UG_M3, thousand),
        "ng/m3": (UG_M3, thousandth),
        "#/cm3": (PER_CM3, same),
        "1/cm3": (PER_CM3, same),
        "/cm3": (PER_CM3, same),
        "p/cm3": (PER_CM3, same),
        "#/dl": (PER_CM3, per_decilitre),
        "/dl": (PER_CM3, per_decilitre),
        "#/0.1l": (PER_CM3, per_decilitre),
        "/0.1l": (PER_CM3, per_decilitre),
        "#/l": (PER_CM3, thousandth),
        "/l": (PER_CM3, thousandth),
        "um": (MICROMETRE, same),
        "cel": (CELSIUS, same),
        "°c": (CELSIUS, same),
        "c": (CELSIUS, same),
        "degc": (CELSIUS, same),
        "°f": (CELSIUS, fahrenheit_to_celsius),
        "f": (CELSIUS, fahrenheit_to_celsius),
        "[degf]": (CELSIUS, fahrenheit_to_celsius),
        "k": (CELSIUS, kelvin_to_celsius),
        "%": (PERCENT, same),
        "%rh": (PERCENT, same),
        "hpa": (HPA, same),
        "mbar": (HPA, same),
        "pa": (HPA, pa_to_hpa),
        "kpa": (HPA, kpa_to_hpa),
        "mmhg": (HPA, mmhg_to_hpa),
        "inhg": (HPA, inhg_to_hpa),
        "ppm": (PPM, same),
        "[ppm]": (PPM, same),
        "ppb": (PPB, same),
        "[ppb]": (PPB, same),
        "db(a)": (DB_SPL, same),
        "dba": (DB_SPL, same),
        "db": (DB_SPL, same),
        "db[spl]": (DB_SPL, same),
        "lx": (LUX, same),
        "lux": (LUX, same),
        "m": (METRE, same),
        "v": (VOLT, same),
        "mv": (VOLT, thousandth),
        "dbm": ("dB[mW]", same),
        "s": ("s", same),
        "ms": ("s", thousandth),
        "lqi": (ONE, same),
        "1": (ONE, same),
        "": (ONE, same),
        "index": (ONE, same),
        "ticks": (ONE, same),
    }
)

_NORMALISED_CHARACTERS = str.maketrans({"µ": "u", "μ": "u", "³": "3", "⁻": "-", "⋅": ".", "·": ".", "º": "°"})


class UnknownUnit(ValueError):
    """The unit is not in the table, or does not fit the quantity."""


def conversion(quantity: str, unit: str) -> Conversion:
    """Find how to bring a value of `quantity` from `unit`, as anybody spells it, to its canonical unit.

    Raises UnknownUnit when either is unknown or they do not belong together.
    """
    canonical = CANONICAL_UNIT.get(quantity) or HEALTH_UNIT.get(quantity)
    if canonical is None:
        raise UnknownUnit("the quantity is unknown")
    if unit == canonical:
        return same
    found = _SPELLINGS.get(unit.translate(_NORMALISED_CHARACTERS).strip().casefold())
    if found is None:
        raise UnknownUnit("the unit is unknown")
    if found[0] == canonical:
        return found[1]
    if quantity == "snr" and found == (DB_SPL, same):
        return same
    if canonical == MG_M3 and found == (UG_M3, thousand):
        return same
    if quantity == "snr" and found == (DB_SPL, same):
        return same
    if canonical == MG_M3 and found == (UG_M3, same):
        return thousandth
    if canonical == PPM and found == (PPB, same):
        return thousandth
    if canonical == PPB and found == (PPM, same):
        return thousand
    raise UnknownUnit(f"the unit does not fit {quantity}")
