from capto.validation.models.bench import Bench
from capto.validation.models.calibration import Calibration, NotADraft
from capto.validation.models.co_location import BenchFull, CoLocation, NotPlanned, SensorElsewhere
from capto.validation.models.context import PlaceContext
from capto.validation.models.data_change import DataChange
from capto.validation.models.device_test import (
    DeviceTest,
    NoData,
    NotAsked,
    StartsInThePast,
    TestReport,
    TestText,
    TestUnit,
    TooEarly,
)
from capto.validation.models.home_trial import HomeVolunteer, UnitTaken
from capto.validation.models.set_aside import AlreadyLifted, NoReason, SetAside
from capto.validation.models.vigie import AlreadyActedOn, NotAnActOfThisItem, VigieItem

__all__ = [
    "AlreadyActedOn",
    "AlreadyLifted",
    "Bench",
    "BenchFull",
    "Calibration",
    "CoLocation",
    "DataChange",
    "DeviceTest",
    "HomeVolunteer",
    "NoData",
    "NoReason",
    "NotADraft",
    "NotAnActOfThisItem",
    "NotAsked",
    "NotPlanned",
    "PlaceContext",
    "SensorElsewhere",
    "SetAside",
    "StartsInThePast",
    "TestReport",
    "TestText",
    "TestUnit",
    "TooEarly",
    "UnitTaken",
    "VigieItem",
]
