from capto.validation.models.calibration import Calibration, NotADraft
from capto.validation.models.co_location import CoLocation

__all__ = ["Calibration", "CoLocation", "NotADraft"]
