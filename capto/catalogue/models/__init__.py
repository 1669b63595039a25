from capto.catalogue.models.observed_property import ObservedProperty
from capto.catalogue.models.sensor import Sensor, SensorModel

__all__ = ["ObservedProperty", "Sensor", "SensorModel"]
