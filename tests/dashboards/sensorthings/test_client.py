"""An independent client of the SensorThings API reads a live server."""

from typing import Any

import frost_sta_client
import pytest
import requests

from tests.dashboards.conftest import City


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_an_independent_client_reads_places_series_and_hours(live_server: Any) -> None:
    city = City()
    school = city.place("École du Parc", kind="school")
    city.hours(school, [float(n) for n in range(250)])
    service = frost_sta_client.SensorThingsService(f"{live_server.url}/api/sta/v1.1")
    (thing,) = list(service.things().query().list())
    assert (thing.name, thing.properties["place_id"]) == ("École du Parc", school.public_id)
    streams = (
        service.datastreams().query().filter("properties/level eq 'corrected'").expand("Thing,Sensor").list()
    )
    (stream,) = list(streams)
    assert (stream.thing.id, stream.sensor.name, stream.unit_of_measurement.symbol) == (
        thing.id, "Atelier Mésange", "ug/m3",
    )  # fmt: skip
    observations = stream.get_observations().query().orderby("phenomenonTime", "asc").list()
    assert [one.result for one in observations] == [float(n) for n in range(250)]  # three pages
    last = stream.get_observations().query().orderby("phenomenonTime", "desc").top(1).list().entities[0]
    assert service.observations().find(last.id).result == 249.0
    assert service.locations().query().list().entities[0].location["coordinates"]
    assert (
        requests.get(f"{live_server.url}/api/sta/v1.1/Things(9223372036854775807)", timeout=5).status_code
        == 404
    )
