"""The catalogue of the open data in DCAT-AP 3: what harvesters of national and European portals read.

Every object is typed where it stands, as the shapes of DCAT-AP 3.0.1 ask: a publisher is an agent too, and the
term of a format is a media type inside the graph.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import override
from rdflib import BNode, Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, RDF, SKOS, XSD

from dashboards.open_data.licences import Licence
from dashboards.open_data.sources import Source

VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
SPDX = Namespace("http://spdx.org/rdf/terms#")
LOCN = Namespace("http://www.w3.org/ns/locn#")
ADMS = Namespace("http://www.w3.org/ns/adms#")
EU = Namespace("http://publications.europa.eu/resource/authority/")
IANA = Namespace("https://www.iana.org/assignments/media-types/")
GEOJSON = URIRef("https://www.iana.org/assignments/media-types/application/vnd.geo+json")
WKT = URIRef("http://www.opengis.net/ont/geosparql#wktLiteral")

FORMATS = {
    "csv": (EU["file-type/CSV"], IANA["text/csv"]),
    "parquet": (EU["file-type/PARQUET"], IANA["application/vnd.apache.parquet"]),
    "json": (EU["file-type/JSON"], IANA["application/json"]),
}
KEYWORDS = {
    "fr": ("qualité de l’air", "capteurs", "particules", "sciences participatives", "captothèque"),
    "en": ("air quality", "low-cost sensors", "particulate matter", "citizen science"),
}


@dataclass(frozen=True, slots=True)
class Extent:
    """What the data cover: the first and last instant, and the box of published cells in degrees (WGS 84)."""

    start: datetime | None
    end: datetime | None
    west: float | None = None
    south: float | None = None
    east: float | None = None
    north: float | None = None


@dataclass(frozen=True, slots=True)
class Download:
    """One file of a dataset: its title, its address, its extension, and its size and SHA-256 where it never changes."""

    title: str
    url: str
    extension: str
    size: int | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """One programming interface: its name in addresses, its titles, its address and that of its description."""

    name: str
    title_fr: str
    title_en: str
    url: str
    description_url: str
    conforms_to: str


def catalogue(
    sources: Sequence[Source],
    *,
    licences: Mapping[str, Licence],
    downloads: Mapping[str, Sequence[Download]],
    extents: Mapping[str, Extent],
    modified: Mapping[str, datetime],
    services: Sequence[Service],
    now: datetime,
) -> Graph:
    """Give the graph of the catalogue; dates that lie after `now` are written as `now`, for portals refuse them."""
    site = settings.SITE_URL
    graph = Graph()
    for prefix, space in (("dcat", DCAT), ("dct", DCTERMS), ("foaf", FOAF), ("vcard", VCARD), ("spdx", SPDX),
                          ("locn", LOCN), ("adms", ADMS), ("skos", SKOS)):  # fmt: skip
        graph.bind(prefix, space)
    root = URIRef(f"{site}/data/catalog")
    publisher = _publisher(graph)
    graph.add((root, RDF.type, DCAT.Catalog))
    graph.add((root, DCTERMS.identifier, Literal(str(root))))
    _in_both(
        graph,
        root,
        DCTERMS.title,
        f"{settings.SITE_NAME} : données ouvertes",
        f"{settings.SITE_NAME}: open data",
    )
    _in_both(
        graph, root, DCTERMS.description,
        "Valeurs horaires de capteurs de qualité de l’air prêtés, avec leur incertitude et leur provenance.",
        "Hourly values of lent air-quality sensors, with their uncertainty and their provenance.",
    )  # fmt: skip
    graph.add((root, DCTERMS.publisher, publisher))
    graph.add((root, FOAF.homepage, _typed(graph, URIRef(f"{site}/data/"), FOAF.Document)))
    graph.add((root, DCTERMS.modified, _instant(max(modified.values(), default=now), now)))
    _languages(graph, root)
    for taxonomy in (EU["data-theme"],):
        graph.add((root, DCAT.themeTaxonomy, _scheme(graph, taxonomy)))
    for source in sources:
        dataset = _dataset(
            graph, source, licence=licences[source.name], downloads=downloads.get(source.name, ()),
            extent=extents.get(source.name, Extent(None, None)), modified=modified.get(source.name),
            publisher=publisher, now=now,
        )  # fmt: skip
        graph.add((root, DCAT.dataset, dataset))
    for service in services:
        graph.add(
            (root, DCAT.service, _service(graph, service, sources, publisher=publisher, licences=licences))
        )
    return graph


def _dataset(
    graph: Graph, source: Source, *, licence: Licence, downloads: Sequence[Download], extent: Extent,
    modified: datetime | None, publisher: URIRef, now: datetime,
) -> URIRef:  # fmt: skip
    site = settings.SITE_URL
    dataset = URIRef(f"{site}/data/#{source.name}")
    graph.add((dataset, RDF.type, DCAT.Dataset))
    graph.add((dataset, DCTERMS.identifier, Literal(f"{urlsplit(site).netloc}-{source.name}")))
    with override("fr"):
        french = str(source.title)
    with override("en"):
        english = str(source.title)
    _in_both(
        graph, dataset, DCTERMS.title, f"{settings.SITE_NAME} : {french}", f"{settings.SITE_NAME}: {english}"
    )
    columns = ", ".join(column.name for column in source.columns)
    _in_both(
        graph, dataset, DCTERMS.description,
        f"{french}. En UTC, une ligne par observation, unités UCUM. Colonnes : {columns}.",
        f"{english}. In UTC, one row per observation, UCUM units. Columns: {columns}.",
    )  # fmt: skip
    for language, words in KEYWORDS.items():
        for word in words:
            graph.add((dataset, DCAT.keyword, Literal(word, lang=language)))
    theme = EU["data-theme/ENVI"]
    graph.add((theme, RDF.type, SKOS.Concept))
    graph.add((theme, SKOS.inScheme, EU["data-theme"]))
    _in_both(graph, theme, SKOS.prefLabel, "Environnement", "Environment")
    graph.add((dataset, DCAT.theme, theme))
    graph.add((dataset, DCTERMS.publisher, publisher))
    graph.add((dataset, DCAT.contactPoint, _contact(graph)))
    graph.add((dataset, DCTERMS.license, _licence(graph, licence)))
    graph.add(
        (dataset, DCTERMS.accessRights, _typed(graph, EU["access-right/PUBLIC"], DCTERMS.RightsStatement))
    )
    graph.add((dataset, DCTERMS.accrualPeriodicity, _typed(graph, EU["frequency/HOURLY"], DCTERMS.Frequency)))
    graph.add((dataset, DCAT.landingPage, _typed(graph, URIRef(f"{site}/data/"), FOAF.Document)))
    graph.add((dataset, FOAF.page, _typed(graph, URIRef(f"{site}/methode/"), FOAF.Document)))
    _languages(graph, dataset)
    if extent.start is not None:
        graph.add((dataset, DCTERMS.issued, _instant(extent.start, now)))
        period = BNode()
        graph.add((period, RDF.type, DCTERMS.PeriodOfTime))
        graph.add((period, DCAT.startDate, _instant(extent.start, now)))
        graph.add((period, DCAT.endDate, _instant(extent.end or extent.start, now)))
        graph.add((dataset, DCTERMS.temporal, period))
    if modified is not None:
        graph.add((dataset, DCTERMS.modified, _instant(modified, now)))
    if extent.west is not None:
        graph.add((dataset, DCTERMS.spatial, _box(graph, extent)))
    for download in downloads:
        graph.add((dataset, DCAT.distribution, _distribution(graph, download, licence)))
    return dataset


def _distribution(graph: Graph, download: Download, licence: Licence) -> URIRef:
    node = URIRef(f"{download.url}#distribution")
    file_type, media_type = FORMATS[download.extension]
    graph.add((node, RDF.type, DCAT.Distribution))
    graph.add((node, DCTERMS.identifier, Literal(download.url)))
    graph.add((node, DCTERMS.title, Literal(download.title)))
    graph.add((node, DCAT.accessURL, _typed(graph, URIRef(f"{settings.SITE_URL}/data/"), FOAF.Document)))
    graph.add((node, DCAT.downloadURL, URIRef(download.url)))
    graph.add((node, DCTERMS["format"], _typed(graph, file_type, DCTERMS.MediaTypeOrExtent)))
    graph.add((node, DCAT.mediaType, _typed(graph, media_type, DCTERMS.MediaTypeOrExtent, DCTERMS.MediaType)))
    graph.add((node, DCTERMS.license, _licence(graph, licence)))
    if download.size is not None:
        graph.add((node, DCAT.byteSize, Literal(download.size, datatype=XSD.nonNegativeInteger)))
    if download.sha256:
        checksum = BNode()
        graph.add((checksum, RDF.type, SPDX.Checksum))
        graph.add(
            (checksum, SPDX.algorithm, _typed(graph, SPDX.checksumAlgorithm_sha256, SPDX.ChecksumAlgorithm))
        )
        graph.add((checksum, SPDX.checksumValue, Literal(download.sha256, datatype=XSD.hexBinary)))
        graph.add((node, SPDX.checksum, checksum))
    return node


def _service(
    graph: Graph, service: Service, sources: Sequence[Source], *, publisher: URIRef,
    licences: Mapping[str, Licence],
) -> URIRef:  # fmt: skip
    node = URIRef(f"{settings.SITE_URL}/data/#{service.name}")
    graph.add((node, RDF.type, DCAT.DataService))
    graph.add((node, DCTERMS.identifier, Literal(f"{urlsplit(settings.SITE_URL).netloc}-{service.name}")))
    _in_both(graph, node, DCTERMS.title, service.title_fr, service.title_en)
    graph.add((node, DCAT.endpointURL, URIRef(service.url)))
    graph.add((node, DCAT.endpointDescription, URIRef(service.description_url)))
    graph.add((node, DCTERMS.publisher, publisher))
    graph.add((node, DCAT.contactPoint, _contact(graph)))
    graph.add((node, DCTERMS.conformsTo, _typed(graph, URIRef(service.conforms_to), DCTERMS.Standard)))
    graph.add((node, DCTERMS.license, _licence(graph, licences["hourly"])))
    graph.add((node, DCTERMS.accessRights, _typed(graph, EU["access-right/PUBLIC"], DCTERMS.RightsStatement)))
    for source in sources:
        if source.name == "hourly":
            graph.add((node, DCAT.servesDataset, URIRef(f"{settings.SITE_URL}/data/#{source.name}")))
    return node


def _publisher(graph: Graph) -> URIRef:
    node = URIRef(f"{settings.SITE_URL}/#publisher")
    graph.add((node, RDF.type, FOAF.Agent))
    graph.add((node, RDF.type, FOAF.Organization))
    graph.add((node, FOAF.name, Literal(settings.SITE_OPERATOR or settings.SITE_NAME)))
    graph.add((node, FOAF.homepage, _typed(graph, URIRef(f"{settings.SITE_URL}/"), FOAF.Document)))
    return node


def _contact(graph: Graph) -> URIRef:
    node = URIRef(f"{settings.SITE_URL}/#contact")
    graph.add((node, RDF.type, VCARD.Kind))
    graph.add((node, RDF.type, VCARD.Organization))
    graph.add((node, VCARD.fn, Literal(settings.SITE_OPERATOR or settings.SITE_NAME)))
    graph.add((node, VCARD.hasURL, URIRef(f"{settings.SITE_URL}/")))
    return node


def _licence(graph: Graph, licence: Licence) -> URIRef:
    node = _typed(graph, URIRef(licence.url), DCTERMS.LicenseDocument)
    graph.add((node, DCTERMS.title, Literal(licence.title)))
    graph.add((node, SKOS.exactMatch, URIRef(licence.eu_term)))
    return node


def _box(graph: Graph, extent: Extent) -> BNode:
    corners = [
        (extent.west, extent.south), (extent.east, extent.south), (extent.east, extent.north),
        (extent.west, extent.north), (extent.west, extent.south),
    ]  # fmt: skip
    node = BNode()
    graph.add((node, RDF.type, DCTERMS.Location))
    wkt = "POLYGON((" + ", ".join(f"{east:.4f} {north:.4f}" for east, north in corners) + "))"
    geojson = json.dumps({"type": "Polygon", "coordinates": [[[east, north] for east, north in corners]]})
    graph.add((node, DCAT.bbox, Literal(wkt, datatype=WKT)))
    graph.add((node, LOCN.geometry, Literal(geojson, datatype=GEOJSON)))
    return node


def _scheme(graph: Graph, node: URIRef) -> URIRef:
    graph.add((node, RDF.type, SKOS.ConceptScheme))
    graph.add((node, DCTERMS.title, Literal("Data theme", lang="en")))
    return node


def _languages(graph: Graph, node: URIRef) -> None:
    for code in ("FRA", "ENG"):
        graph.add((node, DCTERMS.language, _typed(graph, EU[f"language/{code}"], DCTERMS.LinguisticSystem)))


def _typed(graph: Graph, node: URIRef, *types: URIRef) -> URIRef:
    for kind in types:
        graph.add((node, RDF.type, kind))
    return node


def _in_both(graph: Graph, node: URIRef, property_: URIRef, french: str, english: str) -> None:
    graph.add((node, property_, Literal(french, lang="fr")))
    graph.add((node, property_, Literal(english, lang="en")))


def _instant(at: datetime, now: datetime) -> Literal:
    return Literal(min(at, now).astimezone(UTC).replace(microsecond=0), datatype=XSD.dateTime)
