from capto.members.models.organisation import Organisation, Territory
from capto.members.models.person import Person

__all__ = ["Organisation", "Person", "Territory"]
