"""The points of the map, for the script that makes it move."""

from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.utils import timezone

from capto.catalogue.models import ObservedProperty
from dashboards import around, neighbours
from dashboards.kept import kept
from dashboards.words import amount, figure, grade_in_a_word


@kept
def map_points(request: HttpRequest) -> JsonResponse:
    """Give the published cells of the standing sensors and the stations, with the words of their latest hour."""
    now = timezone.now()
    code = request.GET.get("grandeur", "")
    quantity = (
        ObservedProperty.objects.filter(code=code, is_pollutant=True).first() if code.isprintable() else None
    )
    points: list[dict[str, object]] = []
    if quantity:
        unit = quantity.unit_label
        before, after = reverse("place-quantity", args=["place", quantity.code]).split("place", 1)
        for place in around.places_now(quantity.code, now=now):
            said = ""
            if place.value is not None and place.uncertainty is not None:
                said = f"{amount(place.value, unit)} ± {figure(place.uncertainty)} ({grade_in_a_word(place.grade)})"
            points.append(
                {
                    "kind": "lent",
                    "at": [place.latitude, place.longitude],
                    "metres": place.precision_m,
                    "name": place.label,
                    "commune": place.commune,
                    "figure": figure(place.value, 0) if place.value is not None else "",
                    "said": said,
                    "url": f"{before}{place.public_id}{after}",
                }
            )
        for station in around.stations_now(quantity.code, now=now):
            at = (station.station.latitude, station.station.longitude)
            if None not in at:
                points.append(
                    {
                        "kind": "reference",
                        "at": list(at),
                        "metres": 0,
                        "name": station.station.name,
                        "commune": "",
                        "figure": figure(station.value, 0) if station.value is not None else "",
                        "said": amount(station.value, unit),
                        "url": reverse("station-quantity", args=[station.station.code, quantity.code]),
                    }
                )
        for one in neighbours.foreign_now(quantity.code, now=now):
            points.append(
                {
                    "kind": "foreign",
                    "at": [one.latitude, one.longitude],
                    "metres": 0,
                    "name": one.name,
                    "commune": "",
                    "figure": figure(one.value, 0),
                    "said": f"{amount(one.value, unit)} ({grade_in_a_word(one.grade)})",
                    "url": f"{reverse('places')}?grandeur={quantity.code}#autres-reseaux",
                }
            )
    return JsonResponse({"points": points})
