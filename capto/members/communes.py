"""The communes of France as territories: codes, names and populations of @etalab/decoupage-administratif."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet, Value

from capto.members.models import Territory
from capto.members.models.person import Plain

BUNDLED = Path(settings.BASE_DIR) / "capto" / "static" / "vendor" / "communes" / "communes.json"


class SeveralCommunes(ValueError):
    """More than one commune bears this name; `names` says how to tell them apart."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


@transaction.atomic
def import_communes(path: Path = BUNDLED, *, departments: Iterable[str] = ()) -> int:
    """Write the communes of a file (all, or those of some departments) as territories; gives how many it held.

    Importing again corrects names and populations and doubles nothing. Raises OSError and ValueError where the
    file is missing or no list of communes.
    """
    wanted = set(departments)
    communes: list[dict[str, Any]] = json.loads(path.read_text())
    rows = [
        Territory(insee_code=commune["code"], name=commune["nom"], population=commune.get("population"))
        for commune in communes
        if not wanted or commune["departement"] in wanted
    ]
    known = dict(Territory.objects.exclude(insee_code="").values_list("insee_code", "pk"))
    Territory.objects.bulk_create([row for row in rows if row.insee_code not in known], batch_size=5_000)
    changed = [row for row in rows if row.insee_code in known]
    for row in changed:
        row.pk = known[row.insee_code]
    Territory.objects.bulk_update(changed, ["name", "population"], batch_size=2_000)
    return len(rows)


def department_of(territory: Territory) -> str:
    """Give the department's number from the code of a commune, '' without a code of the official list."""
    code = territory.insee_code
    if not code[:1].isdigit():
        return ""
    return code[:3] if code.startswith("97") else code[:2]


def named(territory: Territory) -> str:
    """Write a commune with its department: Saint-Jean (31)."""
    department = department_of(territory)
    return f"{territory.name} ({department})" if department else territory.name


def communes_named(text: str) -> QuerySet[Territory]:
    """List the communes that bear exactly this name, whatever the accents."""
    return (
        Territory.objects.exclude(insee_code="")
        .annotate(plain=Plain("name"))
        .filter(plain=Plain(Value(text.strip())))
        .order_by("insee_code")
    )


def commune_of(text: str) -> Territory | None:
    """Find the commune that someone wrote: a name, a name with its department in brackets, or its code.

    None where there is none; raises SeveralCommunes where the name alone does not tell.
    """
    text = text.strip()
    by_code = Territory.objects.exclude(insee_code="").filter(insee_code__iexact=text).first()
    if by_code is not None:
        return by_code
    name, _bracket, department = text.partition("(")
    found = list(communes_named(name))
    if department:
        found = [commune for commune in found if department_of(commune) == department.rstrip(") ").upper()]
    if len(found) > 1:
        raise SeveralCommunes([named(commune) for commune in found])
    return found[0] if found else None
