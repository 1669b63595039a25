from capto.lending.models.act import Act
from capto.lending.models.hold import Hold
from capto.lending.models.loan import Loan, LoanExtension, LoanPart, LoanPlacement
from capto.lending.models.occupancy import Occupancy
from capto.lending.models.policy import Policy
from capto.lending.models.problem import Problem
from capto.lending.models.thread import LoanNote, ThreadEntry

__all__ = [
    "Act",
    "Hold",
    "Loan",
    "LoanExtension",
    "LoanNote",
    "LoanPart",
    "LoanPlacement",
    "Occupancy",
    "Policy",
    "Problem",
    "ThreadEntry",
]
