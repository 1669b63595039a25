from capto.members.models.attempt import Attempt
from capto.members.models.organisation import Organisation, Territory
from capto.members.models.person import Person
from capto.members.models.staff_role import StaffRole

__all__ = ["Attempt", "Organisation", "Person", "StaffRole", "Territory"]
