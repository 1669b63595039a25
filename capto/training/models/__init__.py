from capto.training.models.course import Course, CourseSession
from capto.training.models.enrolment import AlreadyStarted, Enrolment, SessionCancelled
from capto.training.models.right import BorrowingRight

__all__ = [
    "AlreadyStarted",
    "BorrowingRight",
    "Course",
    "CourseSession",
    "Enrolment",
    "SessionCancelled",
]
