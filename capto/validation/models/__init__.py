from capto.validation.models.calibration import Calibration, NotADraft
from capto.validation.models.co_location import CoLocation
from capto.validation.models.data_change import DataChange
from capto.validation.models.set_aside import AlreadyLifted, NoReason, SetAside

__all__ = ["AlreadyLifted", "Calibration", "CoLocation", "DataChange", "NoReason", "NotADraft", "SetAside"]
