"""The built-in decoder maps of LoRaWAN devices: what their payload's keys mean, by model.

Particles are in no common field of any network server, so each model needs its map. These are the ones printed
in the reference; rows given as `maps` come first.
"""

from __future__ import annotations

from .decoded import NATIVE
from .fields import Field, field
from .units import pa_to_hpa

VERSION = "lorawan/1"

# TheThingsNetwork/lorawan-devices vendor/milesight-iot/am319.js. What has a unit that a setting of the device
# changes, or that the map does not tell, is a vendor variable.
MILESIGHT_AM319: dict[str, Field] = {
    "pm2.5": field("pm25", NATIVE),
    "pm10": field("pm10", NATIVE),
    "temperature": field("temperature"),
    "humidity": field("humidity"),
    "co2": field("co2"),
    "pressure": field("pressure"),
    "tvoc": field("tvoc_vendor"),
    "hcho": field("hcho_vendor"),
    "o3": field("o3_vendor"),
}
# TheThingsNetwork/lorawan-devices vendor/decentlab/dl-pm.js: objects with `value` and `unit`; the unit told goes
# before the one of the map.
DECENTLAB_DL_PM: dict[str, Field] = {
    "pm1_0_mass_concentration": field("pm1", NATIVE),
    "pm2_5_mass_concentration": field("pm25", NATIVE),
    "pm4_mass_concentration": field("pm4", NATIVE),
    "pm10_mass_concentration": field("pm10", NATIVE),
    "air_temperature": field("temperature"),
    "air_humidity": field("humidity"),
    "barometric_pressure": field("pressure", convert=pa_to_hpa),
}
BUILT_IN: dict[str, dict[str, Field]] = {"am319": MILESIGHT_AM319, "dl-pm": DECENTLAB_DL_PM}
ANY_MODEL: dict[str, Field] = {**MILESIGHT_AM319, **DECENTLAB_DL_PM}

STATUS = {"battery": "battery_pct", "battery_voltage": "battery_v"}

# Cayenne LPP types that mean one quantity whatever the device; the analog inputs, by which devices send
# particles, mean nothing without a map of the model.
LPP: dict[str, Field] = {
    "temperature": field("temperature"),
    "relative_humidity": field("humidity"),
    "barometric_pressure": field("pressure"),
    "luminosity": field("illuminance"),
    "altitude": field("altitude"),
    "concentration": field("co2"),  # by convention
}

# The normalised payload of The Things Stack has no particle at all.
NORMALISED_AIR: dict[str, Field] = {
    "temperature": field("temperature"),
    "relativeHumidity": field("humidity"),
    "pressure": field("pressure"),
    "co2": field("co2"),
    "lightIntensity": field("illuminance"),
}
