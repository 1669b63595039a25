"""The rows of the simulated town: its organisation, stations, sensors, places and past placements."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from django.conf import settings
from django.db import transaction

from capto.catalogue.models import ObservedProperty, Sensor, SensorModel
from capto.members.models import Organisation, Territory
from capto.readings.models import Place, Placement, ReferenceSeries, ReferenceStation
from capto.simulation.city import City
from capto.simulation.models import SimulatedCity
from capto.simulation.reference import ANALYSERS, WIND_DIRECTION, WIND_SPEED
from capto.simulation.stays import Stay, stays
from capto.simulation.town import STATIONS, Spot, Station
from capto.simulation.units import OPEN_AIR, SENML_BOX, Family, Unit

COMMUNE = "SIM01"  # of no official list: the town is invented, and its pages say so
INTERVAL_S = 600  # between two messages of a simulated sensor
PROVIDER = "simulation"  # of the reference values
WIND = (
    (WIND_SPEED, "Vitesse du vent", "Wind speed", "m/s", "m/s"),
    (WIND_DIRECTION, "Direction du vent", "Wind direction", "deg", "°"),
)
OF_THE_STATION = 30  # metres; the published cell of a bench: a station's own position is public


class Model(NamedTuple):
    """How a simulated make is named in the catalogue."""

    family: Family
    slug: str
    maker: str
    name: str
    particle_counter: str
    guide: str


GUIDE_OPEN_AIR = """Sous abri, à hauteur de nez, à plus d’un mètre d’une bouche de chaleur.

1. Branchez le bloc d’alimentation : la lumière devient bleue.
2. Choisissez sur votre téléphone le Wi-Fi « capteur », puis le vôtre.
3. Quand la lumière est verte, il envoie une mesure par minute.
"""
GUIDE_BOX = """Sur un rebord, l’entrée d’air vers le vide, jamais au soleil.

1. Branchez le câble : l’écran montre trois traits.
2. Appuyez sur le bouton jusqu’au mot « Wi-Fi », puis suivez votre téléphone.
3. L’écran montre des chiffres : la première mesure est partie.
"""
MODELS = (
    Model(OPEN_AIR, "simulated-open-air", "AirGradient", "Open Air (simulé)", "PMS5003", GUIDE_OPEN_AIR),
    Model(SENML_BOX, "simulated-senml-box", "Capto", "Boîte SenML (simulée)", "SPS30", GUIDE_BOX),
)


def instant(moment: datetime) -> int:
    """Give a time as whole seconds since 1970."""
    return int(moment.timestamp())


def moment(seconds: int) -> datetime:
    """Give seconds since 1970 as a time in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def city_of(row: SimulatedCity) -> City:
    """Give the pure city that a row stands for."""
    return City(seed=row.seed, opened_at=instant(row.opened_at))


@transaction.atomic
def found(*, seed: int, sensors: int, history_starts_at: datetime, now: datetime) -> SimulatedCity:
    """Create the town, its stations and sensors, and where each sensor stood since `history_starts_at`."""
    row = SimulatedCity.objects.create(id=1, seed=seed, opened_at=now, history_starts_at=history_starts_at)
    city = city_of(row)
    territory = Territory.objects.create(name="Ville simulée", insee_code=COMMUNE)
    owner = _owner(territory)
    benches = {station.code: _bench(station, territory) for station in STATIONS}
    models = {model.family: _model(model) for model in MODELS}
    units = [Unit(city, number) for number in range(1, sensors + 1)]
    for family, unit in {unit.family: unit for unit in units}.items():
        models[family].quantities.set(ObservedProperty.objects.filter(code__in=unit.says_whole))
    rows = Sensor.objects.bulk_create(_sensor(unit, models[unit.family], owner) for unit in units)
    placements = []
    for unit, sensor in zip(units, rows, strict=True):
        of_one = stays(city, unit.number, start=instant(history_starts_at), end=instant(now))
        placements += [_placement(stay, sensor, benches, territory) for stay in of_one]
    Placement.objects.bulk_create(placements)
    return row


def _owner(territory: Territory) -> Organisation:
    """Give the simulated organisation that is already here (that of the demo's accounts), or a new one."""
    owner = Organisation.objects.filter(is_simulated=True).order_by("pk").first()
    if owner is None:
        return Organisation.objects.create(
            name="Air de la Ville simulée", territory=territory, is_simulated=True
        )
    if owner.territory is None:
        owner.territory = territory
        owner.save(update_fields=["territory"])
    return owner


def _wind(code: str, name: str, name_en: str, unit: str, label: str) -> ObservedProperty:
    """Find or add an observed property of the wind: context, not a pollutant."""
    row, _ = ObservedProperty.objects.get_or_create(
        code=code,
        defaults={"medium": "air", "name": name, "name_en": name_en, "unit": unit, "unit_label": label},
    )
    return row


def _bench(station: Station, territory: Territory) -> Place:
    row = ReferenceStation.objects.create(
        code=station.code,
        name=station.name,
        operator="Air de la Ville simulée",
        territory=territory,
        siting=station.siting,
        influence=station.influence,
        latitude=station.spot.latitude,
        longitude=station.spot.longitude,
        is_simulated=True,
    )
    mast = [_wind(*described).pk for described in WIND] if station.influence == "fond" else []
    ReferenceSeries.objects.bulk_create(
        ReferenceSeries(station=row, property_id=quantity, provider=PROVIDER)
        for quantity in (*ANALYSERS, *mast)
    )
    return Place.at(
        station.spot.latitude,
        station.spot.longitude,
        precision_m=OF_THE_STATION,
        kind=Place.Kind.BENCH,
        label=f"Banc, {station.name}",
        territory=territory,
        station=row,
    )


def _model(model: Model) -> SensorModel:
    return SensorModel.objects.create(
        slug=model.slug,
        maker=model.maker,
        name=model.name,
        wire_format=model.family.wire_format,
        reporting_interval_s=INTERVAL_S,
        particle_counter=model.particle_counter,
        guide=model.guide,
    )


def _sensor(unit: Unit, model: SensorModel, owner: Organisation) -> Sensor:
    return Sensor(
        model=model,
        owner=owner,
        inventory_code=f"SIM-{unit.number:03d}",
        serial=unit.device_id.removeprefix("urn:dev:mac:"),
        wire_format=unit.family.wire_format,
        device_id=unit.device_id,
        is_simulated=True,
    )


def _placement(stay: Stay, sensor: Sensor, benches: dict[str, Place], territory: Territory) -> Placement:
    place = (
        benches[stay.station.code]
        if stay.station
        else Place.at(
            stay.spot.latitude,
            stay.spot.longitude,
            precision_m=settings.PUBLISHED_CELL_METRES,
            kind=stay.kind,
            label=stay.label,
            territory=territory,
            is_indoor=stay.spot.is_indoor,
        )
    )
    return Placement(
        sensor=sensor,
        place=place,
        purpose=Placement.Purpose.CO_LOCATION if stay.station else Placement.Purpose.LOAN,
        starts_at=moment(stay.starts_at),
        ends_at=moment(stay.ends_at) if stay.ends_at else None,
    )


def unit_of(sensor: Sensor, city: City) -> Unit:
    """Give the simulated unit that a sensor is, by the number in its identity."""
    return Unit(city, int(sensor.device_id[-6:], 16))


def spot_of(place: Place) -> Spot:
    """Give where a place is: its exact position while it is kept, else the centre of its cell."""
    if place.latitude is None or place.longitude is None:
        return Spot(place.cell_latitude, place.cell_longitude, place.is_indoor)
    return Spot(place.latitude, place.longitude, place.is_indoor)
