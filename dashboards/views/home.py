"""The home page: what this is, how the air is now, what one can do."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from dashboards import around, figures, geocoder, neighbours, phrases
from dashboards.kept import kept

PLACES_ON_HOME = 60  # more are on the page of places


@kept
def home(request: HttpRequest) -> HttpResponse:
    """Say what this is and how the air is now."""
    now = timezone.now()
    quantities = around.quantities_measured(now=now)
    wanted = request.GET.get("grandeur", "")
    quantity = next((q for q in quantities if q.code == wanted), quantities[0] if quantities else None)
    context: dict[str, object] = {
        "quantities": quantities,
        "quantity": quantity,
        "now": now,
        "asks_geocoder": geocoder.is_on(),
    }
    if quantity:
        places = around.places_now(quantity.code, now=now)
        stations = around.stations_now(quantity.code, now=now)
        others = neighbours.foreign_now(quantity.code, now=now)
        lent = around.together(places)  # ours alone: other networks are never counted in
        main = stations[0] if stations else None
        difference = lent.middle - main.value if lent and main and main.value is not None else None
        hours = [p.hour for p in places if p.hour] + [s.hour for s in stations if s.hour]
        context |= {
            "map_drawings": figures.map_drawings(places, stations=stations, quantity=quantity, others=others),
            "others": others,
            "places": places[:PLACES_ON_HOME],
            "more_places": max(0, len(places) - PLACES_ON_HOME),
            "station": main,
            "other_stations": stations[1:],
            "lent": lent,
            "hour": max(hours, default=None),
            "agreement": phrases.agreement(difference, uncertainty=lent.uncertainty if lent else None),
        }
    return render(request, "dashboards/home.html", context)
