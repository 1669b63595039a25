"""The catalogue as portals read it: the rules of DCAT-AP 3 as shapes, and those of the national harvester."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pyshacl import validate
from rdflib import Graph, Literal, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, RDF

from dashboards.models import Release
from dashboards.open_data.sources import SOURCES
from tests.dashboards.conftest import City

pytestmark = pytest.mark.django_db

# Written from the obligations of DCAT-AP 3.0.1: mandatory properties, at most one, and the class of each object.
SHAPES = """
@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> . @prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix spdx: <http://spdx.org/rdf/terms#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix : <http://shapes.test/> .
:Catalog a sh:NodeShape ; sh:targetClass dcat:Catalog ;
  sh:property [ sh:path dct:title ; sh:minCount 1 ; sh:nodeKind sh:Literal ],
    [ sh:path dct:description ; sh:minCount 1 ; sh:nodeKind sh:Literal ],
    [ sh:path dct:publisher ; sh:minCount 1 ; sh:maxCount 1 ; sh:class foaf:Agent ],
    [ sh:path dcat:dataset ; sh:minCount 1 ; sh:class dcat:Dataset ],
    [ sh:path dcat:service ; sh:class dcat:DataService ],
    [ sh:path dct:language ; sh:class dct:LinguisticSystem ],
    [ sh:path foaf:homepage ; sh:maxCount 1 ; sh:class foaf:Document ],
    [ sh:path dcat:themeTaxonomy ; sh:class skos:ConceptScheme ],
    [ sh:path dct:modified ; sh:maxCount 1 ; sh:datatype xsd:dateTime ] .
:Dataset a sh:NodeShape ; sh:targetClass dcat:Dataset ;
  sh:property [ sh:path dct:title ; sh:minCount 1 ; sh:nodeKind sh:Literal ],
    [ sh:path dct:description ; sh:minCount 1 ; sh:nodeKind sh:Literal ],
    [ sh:path dct:identifier ; sh:minCount 1 ; sh:maxCount 1 ],
    [ sh:path dct:publisher ; sh:maxCount 1 ; sh:class foaf:Agent ],
    [ sh:path dcat:contactPoint ; sh:minCount 1 ; sh:class vcard:Kind ],
    [ sh:path dcat:distribution ; sh:class dcat:Distribution ],
    [ sh:path dcat:theme ; sh:class skos:Concept ], [ sh:path dcat:landingPage ; sh:class foaf:Document ],
    [ sh:path dct:accessRights ; sh:maxCount 1 ; sh:class dct:RightsStatement ],
    [ sh:path dct:accrualPeriodicity ; sh:maxCount 1 ; sh:class dct:Frequency ],
    [ sh:path dct:temporal ; sh:class dct:PeriodOfTime ], [ sh:path dct:spatial ; sh:class dct:Location ],
    [ sh:path dct:issued ; sh:maxCount 1 ], [ sh:path dct:modified ; sh:maxCount 1 ] .
:Distribution a sh:NodeShape ; sh:targetClass dcat:Distribution ;
  sh:property [ sh:path dcat:accessURL ; sh:minCount 1 ; sh:nodeKind sh:IRI ],
    [ sh:path dcat:downloadURL ; sh:nodeKind sh:IRI ],
    [ sh:path dct:format ; sh:maxCount 1 ; sh:class dct:MediaTypeOrExtent ],
    [ sh:path dcat:mediaType ; sh:maxCount 1 ; sh:class dct:MediaType ],
    [ sh:path dct:license ; sh:minCount 1 ; sh:maxCount 1 ; sh:class dct:LicenseDocument ],
    [ sh:path dcat:byteSize ; sh:maxCount 1 ; sh:datatype xsd:nonNegativeInteger ],
    [ sh:path spdx:checksum ; sh:maxCount 1 ; sh:class spdx:Checksum ] .
:Checksum a sh:NodeShape ; sh:targetClass spdx:Checksum ;
  sh:property [ sh:path spdx:algorithm ; sh:minCount 1 ; sh:maxCount 1 ; sh:class spdx:ChecksumAlgorithm ],
    [ sh:path spdx:checksumValue ; sh:minCount 1 ; sh:maxCount 1 ; sh:datatype xsd:hexBinary ] .
:Service a sh:NodeShape ; sh:targetClass dcat:DataService ;
  sh:property [ sh:path dct:title ; sh:minCount 1 ], [ sh:path dcat:endpointURL ; sh:minCount 1 ; sh:nodeKind sh:IRI ],
    [ sh:path dct:identifier ; sh:minCount 1 ],
    [ sh:path dct:license ; sh:maxCount 1 ; sh:class dct:LicenseDocument ],
    [ sh:path dcat:servesDataset ; sh:class dcat:Dataset ] .
:Agent a sh:NodeShape ; sh:targetClass foaf:Agent ; sh:property [ sh:path foaf:name ; sh:minCount 1 ] .
"""


@pytest.fixture(autouse=True)
def two_places(city: City) -> None:
    city.hours(city.place("École", kind="school"), [1.0] * 24)
    city.reference(city.station(), [11.25] * 24)


def graph_of(client: Client, extension: str) -> Graph:
    answer = client.get(f"/data/catalog.{extension}")
    assert answer.status_code == 200
    written = {"jsonld": "json-ld", "ttl": "turtle", "rdf": "xml"}[extension]
    return Graph().parse(data=answer.content, format=written)


def test_the_catalogue_meets_the_shapes(client: Client) -> None:
    Release.objects.create(
        period="2026-11-19", version=1, made_at=timezone.now(), code_version="0", marks={},
        files={f"{name}.{extension}": {"bytes": 10, "sha256": "ab" * 32}
               for name in SOURCES for extension in ("csv", "parquet")},
    )  # fmt: skip
    graph = graph_of(client, "jsonld")
    conforms, _, report = validate(graph, shacl_graph=Graph().parse(data=SHAPES, format="turtle"))
    assert conforms, report
    publisher = next(graph.objects(None, DCTERMS.publisher))
    graph.remove((publisher, RDF.type, FOAF.Agent))
    assert not validate(graph, shacl_graph=Graph().parse(data=SHAPES, format="turtle"))[0]


def test_the_three_serialisations_hold_the_same(client: Client) -> None:
    sizes = {len(graph_of(client, extension)) for extension in ("jsonld", "ttl", "rdf")}
    assert len(sizes) == 1 and sizes.pop() > 200


@pytest.mark.parametrize(
    ("extension", "media_type"),
    [("jsonld", "application/ld+json"), ("ttl", "text/turtle"), ("rdf", "application/rdf+xml")],
)
def test_head_says_the_type_that_a_harvester_guesses_from(
    client: Client, extension: str, media_type: str
) -> None:
    answer = client.head(f"/data/catalog.{extension}")
    assert (answer.status_code, answer["Content-Type"].split(";")[0]) == (200, media_type)
    assert answer["Access-Control-Allow-Origin"] == "*"


def test_each_dataset_has_an_identifier_of_its_own_and_a_literal_place(client: Client) -> None:
    graph = graph_of(client, "jsonld")
    datasets = set(graph.subjects(RDF.type, DCAT.Dataset))
    identifiers = [graph.value(dataset, DCTERMS.identifier) for dataset in datasets]
    assert len(datasets) == len(SOURCES) == len(set(identifiers))
    hourly = next(dataset for dataset in datasets if str(dataset).endswith("#hourly"))
    place = graph.value(hourly, DCTERMS.spatial)
    kinds = {getattr(shape, "datatype", None) for shape in graph.objects(place) if isinstance(shape, Literal)}
    assert {str(kind).rsplit("/", 1)[-1] for kind in kinds} == {"geosparql#wktLiteral", "vnd.geo+json"}
    assert graph.value(hourly, DCTERMS.license) == URIRef("https://opendatacommons.org/licenses/odbl/1-0/")
    assert {str(word.language) for word in graph.objects(hourly, DCAT.keyword)} == {"fr", "en"}


def test_no_date_lies_in_the_future(client: Client, city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    before = datetime(2026, 11, 20, 11, 30, tzinfo=UTC)  # the last hour begins at 11 and ends after this
    monkeypatch.setattr("django.utils.timezone.now", lambda: before)
    graph = graph_of(client, "ttl")
    dates: list[Any] = [
        *graph.objects(None, DCTERMS.modified), *graph.objects(None, DCTERMS.issued),
        *graph.objects(None, DCAT.endDate),
    ]  # fmt: skip
    assert dates and all(date.toPython() <= before + timedelta(seconds=1) for date in dates)


def test_the_catalogue_asks_few_questions(client: Client, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(8):
        client.get("/data/catalog.jsonld")
