from capto.lending.models.act import Act
from capto.lending.models.hold import Hold
from capto.lending.models.loan import Loan, LoanExtension, LoanPart, LoanPlacement
from capto.lending.models.occupancy import Occupancy
from capto.lending.models.policy import Policy

__all__ = [
    "Act",
    "Hold",
    "Loan",
    "LoanExtension",
    "LoanPart",
    "LoanPlacement",
    "Occupancy",
    "Policy",
]
