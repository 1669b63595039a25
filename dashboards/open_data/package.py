"""A data package of the Frictionless standard: what the files of a period are, in words that software reads."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import override

import calibration
from dashboards.open_data.licences import Licence
from dashboards.open_data.sources import Source

PROFILE = "https://specs.frictionlessdata.io/schemas/tabular-data-resource.json"


def table_schema(source: Source) -> dict[str, Any]:
    """Give the Table Schema of a source: each column with its type, its meaning in French and in English."""
    fields = []
    for column in source.columns:
        field: dict[str, Any] = {"name": column.name, "type": column.type}
        with override("fr"):
            field["title"] = str(column.meaning)
        with override("en"):
            field["description"] = str(column.meaning)
        if column.type == "boolean":
            field |= {"trueValues": ["true"], "falseValues": ["false"]}
        fields.append(field)
    return {"fields": fields, "missingValues": [""]}


def descriptor(
    period: str,
    sources: Sequence[Source],
    *,
    licences: Mapping[str, Licence],
    path_of: Callable[[Source], str],
    made_at: datetime,
    version: str,
    homepage: str,
    facts: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Describe the CSV files of a period.

    `path_of` gives the path of a file beside the descriptor; `facts` the size in bytes and the SHA-256 of a path.
    Each resource carries its own licence: rows of different licences never stand in one file.
    """
    site, who = settings.SITE_NAME, settings.SITE_OPERATOR or settings.SITE_NAME
    resources = []
    for source in sources:
        path = path_of(source)
        known = (facts or {}).get(path, {})
        with override("fr"):
            title = str(source.title)
        with override("en"):
            description = str(source.title)
        resources.append(
            {
                "name": source.name,
                "path": path,
                "profile": "tabular-data-resource",
                "title": title,
                "description": description,
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "licenses": [_licence(licences[source.name])],
                "schema": table_schema(source),
                **({"bytes": known["bytes"], "hash": f"sha256:{known['sha256']}"} if known else {}),
            }
        )
    named = {licence.name: licence for licence in licences.values()}
    return {
        "profile": "data-package",
        "name": f"capto-{period}".lower(),
        "id": f"{homepage}datapackage.json" if homepage.endswith("/") else homepage,
        "title": f"{site} : mesures de capteurs prêtés, {period}",
        "description": (
            f"Valeurs horaires corrigées de capteurs prêtés, avec leur incertitude, leur note et leur étalonnage;"
            f" agrégats bruts; stations de référence dans leur propre fichier. Period: {period} (UTC)."
        ),
        "version": version,
        "created": made_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "homepage": f"{settings.SITE_URL}/data/",
        "keywords": ["qualité de l’air", "air quality", "low-cost sensors", "particules", "captothèque"],
        "contributors": [{"title": who, "role": "publisher", "path": settings.SITE_URL}],
        "sources": [{"title": f"{site}: {settings.SITE_URL}/methode/", "path": f"{settings.SITE_URL}/methode/"}],
        "licenses": [_licence(licence) for licence in named.values()],
        "citation": f"{who}, {site}: hourly values of lent sensors, {period}, version {version}, {homepage}",
        "method": {"version": calibration.CODE_VERSION, "path": f"{settings.SITE_URL}/methode/"},
        "units": "UCUM codes, in the column unit of each row",
        "resources": resources,
    }  # fmt: skip


def _licence(licence: Licence) -> dict[str, str]:
    return {"name": licence.name, "title": licence.title, "path": licence.url}
