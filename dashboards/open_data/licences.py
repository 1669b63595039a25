"""The licences that files carry, as data packages and catalogues name them."""

from typing import NamedTuple


class Licence(NamedTuple):
    """One licence: its name in the Open Definition's list, its title, its text, its term of the EU's list."""

    name: str
    title: str
    url: str
    eu_term: str


EU = "http://publications.europa.eu/resource/authority/licence/"

ODBL = Licence(
    "ODbL-1.0",
    "Open Data Commons Open Database License 1.0",
    "https://opendatacommons.org/licenses/odbl/1-0/",
    f"{EU}ODC_ODBL1_0",
)
LICENCE_OUVERTE = Licence(
    "etalab-2.0",
    "Licence Ouverte 2.0",
    "https://www.etalab.gouv.fr/licence-ouverte-open-licence/",
    f"{EU}ETALAB_2_0",
)

# By the code that rows of providers and of decisions carry.
LICENCES = {"odbl": ODBL, "lov2": LICENCE_OUVERTE}
