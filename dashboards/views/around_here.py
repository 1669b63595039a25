"""What is measured nearest to a point: an address, a commune, or a click on the map. Nothing of it is kept.

The point comes by POST and is answered at once: it stands in no address, so in no log, history or shared cache.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from capto.catalogue.models import ObservedProperty
from capto.charts.map import MapFrame, Spot, spots_picture
from capto.readings.models import ReferenceStation
from dashboards import around, geocoder, phrases
from dashboards.hours import NEAR_KM, kilometres_between
from dashboards.kept import kept
from dashboards.models import PublishedSeries

PICTURE_WIDTH = 300  # pixels, never scaled: the browser sends where on it one clicked
MOST_STATIONS = 3
LOOK_UPS_PER_MINUTE = 20  # of one reader: the geocoder is asked in our name
MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class Point:
    """Where a reader asks about (degrees, WGS 84), in words where there are some."""

    latitude: float
    longitude: float
    label: str = ""


@csrf_exempt  # asking changes nothing: without a token, the page with the box stays the same for everyone
@never_cache
@sensitive_post_parameters()
def around_here(request: HttpRequest) -> HttpResponse:
    """Show the box, or what is measured nearest to what was asked."""
    now = timezone.now()
    quantities = around.quantities_measured(now=now)
    wanted = (request.POST if request.method == "POST" else request.GET).get("grandeur", "")
    quantity = next((q for q in quantities if q.code == wanted), quantities[0] if quantities else None)
    context: dict[str, object] = {
        "quantities": quantities,
        "quantity": quantity,
        "asks_geocoder": geocoder.is_on(),
        "picture_size": PICTURE_WIDTH,
    }
    status = 200
    if request.method == "POST":
        asked = request.POST.get("adresse", "").strip()[: geocoder.LONGEST_ADDRESS]
        context["asked"] = asked
        point = _clicked(request)
        if point is None and asked:
            point, more = _answer(request, asked)
            context |= more
        elif point is None and not context.get("problem"):
            context["problem"] = _("Écrivez une adresse ou une commune, ou cliquez sur la carte.")
        if point is not None:
            context |= {"point": point, "quantity_choices": quantities}
            if quantity is not None:
                context |= _nearest(point, quantity)
        status = 400 if context.get("problem") else 200
    return render(request, "dashboards/around_here.html", context, status=status)


def _clicked(request: HttpRequest) -> Point | None:
    """Give the point of a map's script, of one of several addresses, or of a click on the picture."""
    asked = request.POST
    try:
        if "carte.x" in asked:
            x, y = float(asked["carte.x"]), float(asked["carte.y"])
            spots = _spots()
            if not spots or (x, y) == (0.0, 0.0):  # pressed by a key: nowhere on the picture
                return None
            frame = _frame(spots)
            if not (0 <= x <= frame.width and 0 <= y <= frame.height):
                return None
            return Point(*frame.position(x, y))
        latitude, longitude = float(asked["latitude"]), float(asked["longitude"])
    except (KeyError, ValueError):
        return None
    if not (isfinite(latitude) and isfinite(longitude)) or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return Point(latitude, longitude, asked.get("adresse", "").strip()[: geocoder.LONGEST_ADDRESS])


def _answer(request: HttpRequest, asked: str) -> tuple[Point | None, dict[str, object]]:
    """Find what was written: among our communes, else with the geocoder where there is one."""
    commune = _commune(asked)
    if commune is not None:
        return commune, {"is_commune": True}
    if not geocoder.is_on():
        return None, {
            "problem": _(
                "Aucune commune mesurée ne porte ce nom. Choisissez-en une dans la liste, ou cliquez sur la carte."
            ),
            "communes": _communes(),
        }
    if not _may_look_up(request):
        return None, {
            "problem": _(
                "Trop de recherches d’adresse en une minute. Attendez un instant, ou cliquez sur la carte."
            )
        }
    try:
        found = geocoder.look_up(asked)
    except geocoder.GeocoderSilent:
        return None, {
            "problem": _(
                "Le service national des adresses ne répond pas. Votre recherche n’est pas perdue : elle est"
                " restée dans la case ; essayez dans un instant, ou cliquez sur la carte."
            )
        }
    if not found:
        return None, {
            "problem": _(
                "Aucune adresse ne correspond. Essayez la rue et la commune, sans numéro, ou cliquez sur la carte."
            )
        }
    best = found[0]
    if len(found) == 1 or best.score >= geocoder.SURE_SCORE:
        return Point(best.latitude, best.longitude, best.label), {"other_addresses": found[1:]}
    return None, {"choices": found}


def _may_look_up(request: HttpRequest) -> bool:
    """Count the look-ups of a reader in this minute, in the memory of the process."""
    name = f"look-ups-{request.META.get('REMOTE_ADDR', '')}-{int(timezone.now().timestamp()) // MINUTE_S}"
    counts = caches["limits"]
    counts.add(name, 0, MINUTE_S)
    return counts.incr(name) <= LOOK_UPS_PER_MINUTE


def _communes() -> list[tuple[str, str]]:
    """List the communes with published places, by name: (name, code)."""
    rows = (
        PublishedSeries.objects.exclude(purpose="co_location")
        .exclude(commune="")
        .values_list("commune", "insee_code")
        .distinct()
    )
    return sorted(set(rows), key=lambda row: around.letters(row[0]))


def _commune(asked: str) -> Point | None:
    """Give the middle of the published places of the commune that bears this name, or None."""
    named = around.letters(asked)
    for name, code in _communes():
        if around.letters(name) == named:
            cells = set(
                PublishedSeries.objects.exclude(purpose="co_location")
                .filter(commune=name, insee_code=code)
                .values_list("latitude", "longitude")
            )
            return Point(
                sum(latitude for latitude, _ in cells) / len(cells),
                sum(longitude for _, longitude in cells) / len(cells),
                name,
            )
    return None


def _nearest(point: Point, quantity: ObservedProperty) -> dict[str, object]:
    """Give the nearest places and stations with their latest hour, and the sentence they make."""
    now = timezone.now()
    places = around.places_near(
        point.latitude, point.longitude, places=around.places_now(quantity.code, now=now)
    )
    stations: list[tuple[float, around.StationNow]] = []
    for one in around.stations_now(quantity.code, now=now):
        if one.station.latitude is None or one.station.longitude is None:
            continue
        away = kilometres_between(
            point.latitude, point.longitude, one.station.latitude, one.station.longitude
        )
        stations.append((away, one))
    stations.sort(key=lambda pair: (pair[0], pair[1].station.code))
    near = [pair for pair in stations if pair[0] <= NEAR_KM][:MOST_STATIONS]
    return {
        "near_places": places,
        "near_stations": near,
        "sentences": phrases.around(places, stations=near, quantity=quantity),
    }


@require_safe
@kept
def picture(request: HttpRequest) -> HttpResponse:
    """Draw the sensors and stations as the picture that one may click without any script."""
    spots = _spots()
    if not spots:
        return HttpResponse(status=404)
    drawn = spots_picture(spots, frame=_frame(spots))
    return HttpResponse(drawn, content_type="image/svg+xml")


def _spots() -> list[Spot]:
    """Give every published cell where a sensor stands, and every station near them; two queries."""
    cells = set(PublishedSeries.objects.standing(now=timezone.now()).values_list("latitude", "longitude"))
    spots = [Spot(*cell, "lent", "") for cell in sorted(cells)]
    stations = ReferenceStation.objects.exclude(latitude=None).exclude(longitude=None)
    for latitude, longitude, name in stations.order_by("code").values_list("latitude", "longitude", "name"):
        if latitude is None or longitude is None:
            continue
        if any(kilometres_between(latitude, longitude, *cell) <= NEAR_KM for cell in cells):
            spots.append(Spot(latitude, longitude, "reference", name))
    return spots


def _frame(spots: Sequence[Spot]) -> MapFrame:
    return MapFrame.of([(spot.latitude, spot.longitude) for spot in spots], width=PICTURE_WIDTH)
