import pghistory

from capto.training.models.course import Course, CourseSession
from capto.training.models.enrolment import AlreadyStarted, Enrolment, SessionCancelled
from capto.training.models.right import BorrowingRight

# Triggers of the database write the history of each: rules and lists too, for "who changed this?" is asked of them.
for changed in (Course, CourseSession, BorrowingRight):
    pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())(changed)

__all__ = [
    "AlreadyStarted",
    "BorrowingRight",
    "Course",
    "CourseSession",
    "Enrolment",
    "SessionCancelled",
]
