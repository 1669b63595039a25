import pghistory

from capto.catalogue.models.cost import CostEntry
from capto.catalogue.models.kit import (
    Accessory,
    Kit,
    KitModel,
    KitModelPart,
    OpenTransfer,
    SensorInAnotherKit,
    Transfer,
)
from capto.catalogue.models.lending_point import (
    Closure,
    HoursInDisorder,
    LendingPoint,
    NoOpenDay,
    OpeningHours,
)
from capto.catalogue.models.observed_property import ObservedProperty
from capto.catalogue.models.sensor import IdentityTaken, Sensor, SensorModel
from capto.catalogue.models.upkeep import (
    DueUpkeep,
    TicketClosed,
    UpkeepDone,
    UpkeepPlan,
    UpkeepTicket,
    upkeep_due,
)

# Triggers of the database write the history of each: "who changed this?" is asked of points too.
for changed in (LendingPoint, OpeningHours, Closure):
    pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())(changed)

__all__ = [
    "Accessory",
    "Closure",
    "CostEntry",
    "DueUpkeep",
    "HoursInDisorder",
    "IdentityTaken",
    "Kit",
    "KitModel",
    "KitModelPart",
    "LendingPoint",
    "NoOpenDay",
    "ObservedProperty",
    "OpenTransfer",
    "OpeningHours",
    "Sensor",
    "SensorInAnotherKit",
    "SensorModel",
    "TicketClosed",
    "Transfer",
    "UpkeepDone",
    "UpkeepPlan",
    "UpkeepTicket",
    "upkeep_due",
]
