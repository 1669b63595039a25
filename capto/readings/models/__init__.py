from capto.readings.models.cell_rule import CellRule
from capto.readings.models.device_state import DeviceState
from capto.readings.models.grid_square import GridSquare
from capto.readings.models.hour import (
    DirtyHour,
    HourlyAggregate,
    HourlyValue,
    HourlyValueChange,
    HourlyValueRevision,
    Publication,
)
from capto.readings.models.level import Level, level_of
from capto.readings.models.message import Layout, LayoutChannel, RawMessage, RejectedMessage
from capto.readings.models.open_feed import Feed, ForeignHour, ForeignSensor, LocalComparison, OpenFeed
from capto.readings.models.placement import Place, Placement, Series
from capto.readings.models.reference import (
    ReferenceSeries,
    ReferenceStation,
    ReferenceValue,
    ReferenceValueChange,
)
from capto.readings.models.remark import Remark
from capto.readings.models.threshold import Threshold

__all__ = [
    "CellRule",
    "DeviceState",
    "DirtyHour",
    "Feed",
    "ForeignHour",
    "ForeignSensor",
    "GridSquare",
    "HourlyAggregate",
    "HourlyValue",
    "HourlyValueChange",
    "HourlyValueRevision",
    "Layout",
    "LayoutChannel",
    "Level",
    "LocalComparison",
    "OpenFeed",
    "Place",
    "Placement",
    "Publication",
    "RawMessage",
    "ReferenceSeries",
    "ReferenceStation",
    "ReferenceValue",
    "ReferenceValueChange",
    "RejectedMessage",
    "Remark",
    "Series",
    "Threshold",
    "level_of",
]
