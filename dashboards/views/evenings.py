"""The page that answers which evenings are the worst."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from capto.catalogue.models import ObservedProperty
from capto.charts.days import DayMark, days_chart
from dashboards import around
from dashboards.evenings import Evening, evenings_of
from dashboards.kept import kept
from dashboards.words import amount, day_of, figure, name_of, short_weekday, tick


@kept
def evenings(request: HttpRequest) -> HttpResponse:
    """Rank the evenings of the last two weeks."""
    now = timezone.now()
    quantities = around.quantities_measured(now=now)
    wanted = request.GET.get("grandeur", "")
    quantity = next((q for q in quantities if q.code == wanted), quantities[0] if quantities else None)
    context: dict[str, object] = {"quantities": quantities, "quantity": quantity}
    if quantity:
        stations = around.stations_now(quantity.code, now=now)
        station = stations[0] if stations else None
        found = evenings_of(quantity.code, station=station, now=now)
        ranked = sorted(found, key=lambda evening: (-evening.worst_of, evening.day))
        context |= {
            "station": station,
            "evenings": ranked,
            "worst": ranked[0] if ranked else None,
            "drawings": _drawings(found, quantity=quantity) if found else None,
        }
    return render(request, "dashboards/evenings.html", context)


def _drawings(found: list[Evening], *, quantity: ObservedProperty) -> dict[str, str]:
    by_day = {evening.day: evening for evening in found}
    unit = quantity.unit_label

    def words(mark: DayMark) -> str:
        return f"{day_of(by_day[mark.day].at)} : {amount(mark.value, unit)} ± {figure(mark.uncertainty)}"

    return {
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
