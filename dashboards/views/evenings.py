"""The page that answers which evenings are the worst."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from capto.catalogue.models import ObservedProperty
from capto.charts.days import DayMark, days_chart
from dashboards import around
from dashboards.drawn import DAY, Chart, File, days_file, days_of_analyser, embedding, present
from dashboards.evenings import Evening, evenings_of, evenings_over
from dashboards.figures import Drawings
from dashboards.kept import kept
from dashboards.words import amount, day_of, figure, name_of, short_weekday, tick


@kept
def evenings(request: HttpRequest) -> HttpResponse:
    """Rank the evenings of the last two weeks."""
    return render(request, "dashboards/evenings.html", evenings_context(request.GET.get("grandeur", "")))


def evenings_context(wanted: str) -> dict[str, object]:
    """Gather what the page of evenings says of one quantity, the first one where none is known by that name."""
    now = timezone.now()
    quantities = around.quantities_measured(now=now)
    quantity = next((q for q in quantities if q.code == wanted), quantities[0] if quantities else None)
    context: dict[str, object] = {"quantities": quantities, "quantity": quantity}
    if quantity:
        stations = around.stations_now(quantity.code, now=now)
        station = stations[0] if stations else None
        analyser = (
            station.station.series.filter(property=quantity)
            .select_related("station")
            .order_by("provider", "discriminant")
            .first()
            if station
            else None
        )
        start, end = evenings_over(now=now)
        found = evenings_of(quantity.code, analyser=analyser, start=start, end=end)
        ranked = sorted(found, key=lambda evening: (-evening.worst_of, evening.day))
        context |= {
            "station": station,
            "evenings": ranked,
            "worst": ranked[0] if ranked else None,
        }
        if found:
            first, last = start.date(), end.date() - DAY
            sensors = _("capteurs prêtés")
            theirs = days_of_analyser(analyser, first=first, last=last, figure="evenings") if analyser else ""
            context["chart"] = Chart(
                "soirs",
                _drawings(found, quantity=quantity),
                present(
                    [
                        File(
                            sensors,
                            days_file(
                                "all",
                                "evenings",
                                quantity=quantity.code,
                                first=first,
                                last=last,
                                figure="evenings",
                            ),
                        ),
                        File(station.station.name if station else "", theirs, "reference"),
                    ]
                ),
                embedding("soirs", "tous", quantity=quantity.code, figure="soirs"),
                sensors,
            )
    return context


def _drawings(found: list[Evening], *, quantity: ObservedProperty) -> Drawings:
    by_day = {evening.day: evening for evening in found}
    unit = quantity.unit_label

    def words(mark: DayMark) -> str:
        return f"{day_of(by_day[mark.day].at)} : {amount(mark.value, unit)} ± {figure(mark.uncertainty)}"

    return Drawings(
        **{
            name: mark_safe(
                days_chart(
                    [DayMark(e.day, e.middle, e.uncertainty, e.station) for e in found],
                    unit=unit,
                    title=_("%(quantity)s, les soirs des deux dernières semaines")
                    % {"quantity": name_of(quantity)},
                    description=_("Le tableau qui suit dit la même chose."),
                    ident=f"soirs-{name}",
                    day_label=lambda day: short_weekday(by_day[day].at),
                    day_text=words,
                    figure=tick,
                    narrow=name == "phone",
                )
            )
            for name in ("desk", "phone")
        }
    )
