import pghistory

from capto.lending.models.act import Act
from capto.lending.models.hold import Hold
from capto.lending.models.loan import Loan, LoanExtension, LoanPart, LoanPlacement
from capto.lending.models.occupancy import Occupancy
from capto.lending.models.policy import Policy
from capto.lending.models.problem import Problem
from capto.lending.models.thread import LoanNote, ThreadEntry

# Triggers of the database write the history of each: rules and lists too, for "who changed this?" is asked of them.
for changed in (Policy,):
    pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())(changed)

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
