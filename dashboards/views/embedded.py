"""One chart alone, so that any page may frame it: title, drawing, table, source, licence and the way back."""

from collections.abc import Callable
from typing import Any

from csp.decorators import csp_replace
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_exempt

from dashboards.drawn import Chart
from dashboards.kept import kept
from dashboards.models import Withdrawal
from dashboards.open_data.licences import LICENCE_OUVERTE, ODBL
from dashboards.views.campaigns import campaign_context
from dashboards.views.evenings import evenings_context
from dashboards.views.gathered import commune_context, commune_year_context, model_context
from dashboards.views.places import place_context
from dashboards.views.stations import station_context
from dashboards.views.year import station_year_context, year_context

Context = dict[str, Any]
# The template of each figure, by its name in addresses.
PARTS = {
    "heures": "hours",
    "semaine": "week",
    "profil": "profile",
    "jours": "days",
    "annee": "year",
    "soirs": "evenings",
    "vent": "wind",
}
# Charts that a subject has once enough was measured; until then the frame says so.
SOMETIMES = {
    "lieu": ("semaine", "profil"),
    "station": ("semaine", "profil"),
    "commune": ("jours", "profil"),
    "modele": ("jours", "profil"),
    "campagne": ("jours", "profil"),
    "soirs": ("soirs",),
}


def _framed(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponseBase]:
    """Let any page frame the answers of a view, and keep them."""
    opened = csp_replace({"frame-ancestors": ["*"]})
    return xframe_options_exempt(opened(kept(view)))


def _chart(request: HttpRequest, subject: str, ident: str, quantity: str, figure: str) -> HttpResponse:
    """Show one chart of a page alone, made as the page makes it."""
    name, _, year = figure.partition("-")
    if year and not (year.isascii() and year.isdigit() and len(year) == 4 and name == "annee"):
        raise Http404
    gather = GATHERED.get((subject, name == "annee"))
    if gather is None or name not in PARTS:
        raise Http404
    context = gather(request, ident, quantity, int(year or 0))
    if context is None:
        gone = Withdrawal.objects.of(ident)
        if gone is None:
            raise Http404
        return render(request, "dashboards/withdrawn_embedded.html", {"gone": gone}, status=410)
    shown = context.get("quantity")
    drawn: Chart | None = context.get("charts", {}).get(name) or context.get("chart")
    if shown is None or shown.code != quantity or (drawn is not None and drawn.ident != name):
        raise Http404
    if drawn is None:
        if name not in SOMETIMES.get(subject, ()):
            raise Http404
        return render(
            request,
            "dashboards/embedded_empty.html",
            {"quantity": shown, "back_url": _back_of(context, subject, ident, quantity)},
        )
    context |= {
        "chart": drawn,
        "quantity": context["wind"].speed.property if name == "vent" else shown,
        "figure": f"dashboards/includes/{PARTS[name]}_figure.html",
        "is_alone": True,
        "back_url": _back_of(context, subject, ident, quantity),
        "licences": [
            licence
            for licence, is_used in (
                (ODBL, any(file.line != "reference" for file in drawn.files)),
                (LICENCE_OUVERTE, any(file.line == "reference" for file in drawn.files)),
            )
            if is_used
        ],
        "page_site": settings.SITE_URL,
    }
    return render(request, "dashboards/embedded.html", context)


def _back_of(context: Context, subject: str, ident: str, quantity: str) -> str:
    return str(context.get("page_url") or _back(subject, ident, quantity))


def _back(subject: str, ident: str, quantity: str) -> str:
    """Give the page that a chart was taken from."""
    if subject == "station":
        return reverse("station-quantity", args=[ident, quantity])
    if subject == "soirs":
        return f"{reverse('evenings')}?grandeur={quantity}"
    page = {"commune": "commune", "modele": "sensor-model", "campagne": "measuring-campaign"}[subject]
    return f"{reverse(page, args=[ident])}?grandeur={quantity}"


def _place(request: HttpRequest, ident: str, quantity: str, year: int) -> Context | None:
    return place_context(request, ident, quantity)


def _place_year(request: HttpRequest, ident: str, quantity: str, year: int) -> Context | None:
    return year_context(ident, quantity, year)


def _station(request: HttpRequest, ident: str, quantity: str, year: int) -> Context | None:
    return station_context(ident, quantity)


def _station_year(request: HttpRequest, ident: str, quantity: str, year: int) -> Context | None:
    return station_year_context(ident, quantity, year)


def _commune(request: HttpRequest, ident: str, quantity: str, year: int) -> Context | None:
    return commune_context(ident, quantity)


def _commune_year(request: HttpRequest, ident: str, quantity: str, year: int) -> Context | None:
    return commune_year_context(ident, quantity)


def _model(request: HttpRequest, ident: str, quantity: str, year: int) -> Context | None:
    return model_context(ident, quantity)


def _campaign(request: HttpRequest, ident: str, quantity: str, year: int) -> Context | None:
    return campaign_context(ident, quantity)


def _evenings(request: HttpRequest, ident: str, quantity: str, year: int) -> Context | None:
    return evenings_context(quantity) if ident == "tous" else {}


# What gathers the figures of a subject, of its year or of its page.
GATHERED: dict[tuple[str, bool], Callable[[HttpRequest, str, str, int], Context | None]] = {
    ("lieu", False): _place,
    ("lieu", True): _place_year,
    ("station", False): _station,
    ("station", True): _station_year,
    ("commune", False): _commune,
    ("commune", True): _commune_year,
    ("modele", False): _model,
    ("campagne", False): _campaign,
    ("soirs", False): _evenings,
}


def _hours_of_place(request: HttpRequest, public_id: str, quantity: str) -> HttpResponse:
    """Show the hours of a place alone, the last two days unless others are asked for."""
    return _chart(request, subject="lieu", ident=public_id, quantity=quantity, figure="heures")


chart = _framed(_chart)
place_chart = _framed(_hours_of_place)
