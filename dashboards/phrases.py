"""The sentences that a page may state of the air by itself: approved once, here, and no other.

None speaks of health, none ranks people or places, none says « indice ATMO » of a value of ours. Each is stated
only where the figures allow it (`comparison.py`); where they do not, the page says that too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from capto.catalogue.models import ObservedProperty
from dashboards.around import PlaceNow, StationNow
from dashboards.comparison import Comparison, Swing, Verdict
from dashboards.words import amount, distance, figure, of_quantity, station_kind


@dataclass(frozen=True, slots=True)
class Finding:
    """The title of a place's page, and the sentence of figures under it."""

    title: str
    sentence: str


def finding(
    label: str,
    *,
    quantity: ObservedProperty,
    swing: Swing | None,
    comparison: Comparison | None,
    station: str = "",
    hours: int = 0,
) -> Finding:
    """Say what a place's hours show: its time of day, else how it compares with the station, else that it is early.

    `hours` are the sound hours of the last days, `station` the name of the compared station.
    """
    words = {"place": label, "of_quantity": of_quantity(quantity), "station": station}
    sentence = _figures(comparison, quantity=quantity, station=station)
    if swing:
        times = times_more(swing.times)
        if swing.part == "evening":
            title = _("%(place)s : %(times)s plus %(of_quantity)s le soir") % {**words, "times": times}
        else:
            title = _("%(place)s : %(times)s plus %(of_quantity)s le matin") % {**words, "times": times}
        return Finding(title, sentence)
    if comparison:
        title = {
            Verdict.UNSURE: _("%(place)s : une mesure trop incertaine pour être comparée"),
            Verdict.SAME: _("%(place)s : autant %(of_quantity)s qu’à la station %(station)s"),
            Verdict.MORE: _("%(place)s : plus %(of_quantity)s qu’à la station %(station)s"),
            Verdict.LESS: _("%(place)s : moins %(of_quantity)s qu’à la station %(station)s"),
        }[comparison.verdict] % words
        return Finding(title, sentence)
    if hours:
        return Finding(_("%(place)s : ce que le capteur a mesuré") % words, sentence)
    return Finding(_("%(place)s : pas encore de mesure à interpréter") % words, sentence)


def times_more(times: float) -> str:
    """Say a ratio in words: une fois et demie, deux fois, trois fois.

    It is a number of times of the same thing, rounded: 1,5 to 1,75 is one and a half.
    """
    if times < 1.75:
        return _("une fois et demie")
    if times < 2.5:
        return _("deux fois")
    if times < 3.5:
        return _("trois fois")
    return _("quatre fois ou davantage")


def _figures(comparison: Comparison | None, *, quantity: ObservedProperty, station: str) -> str:
    if comparison is None:
        return _("Il faut au moins un jour de mesures communes avec une station pour comparer.")
    words = {
        "here": amount(comparison.here, quantity.unit_label),
        "there": amount(comparison.there, quantity.unit_label),
        "station": station,
        "uncertainty": figure(comparison.uncertainty),
    }
    sentence = (
        _(
            "Ces sept derniers jours, %(here)s en moyenne ici, à %(uncertainty)s près, et %(there)s à la station"
            " %(station)s."
        )
        % words
    )
    closing = {
        Verdict.SAME: _("L’écart est plus petit que l’incertitude : on ne peut pas les distinguer."),
        Verdict.UNSURE: _("L’incertitude dépasse la moitié de la valeur : on ne peut pas conclure."),
        Verdict.MORE: _("L’écart dépasse l’incertitude."),
        Verdict.LESS: _("L’écart dépasse l’incertitude."),
    }[comparison.verdict]
    return f"{sentence} {closing}"


def agreement(difference: float | None, *, uncertainty: float | None) -> str:
    """Say whether lent sensors and station say the same at this hour; '' where one of them is missing."""
    if difference is None or uncertainty is None:
        return ""
    if abs(difference) <= uncertainty:
        return _("Capteurs prêtés et station disent la même chose, à l’incertitude près.")
    if difference > 0:
        return _("Les capteurs prêtés indiquent plus que la station, et l’écart dépasse l’incertitude.")
    return _("Les capteurs prêtés indiquent moins que la station, et l’écart dépasse l’incertitude.")


def around(
    places: Sequence[tuple[float, PlaceNow]],
    *,
    stations: Sequence[tuple[float, StationNow]],
    quantity: ObservedProperty,
) -> list[str]:
    """Say what is measured nearest to a point: the nearest sound sensor, the nearest station, and their difference."""
    unit = quantity.unit_label
    sound = [(away, place) for away, place in places if place.is_sound]
    valued = [(away, one) for away, one in stations if one.value is not None]
    said = []
    if sound:
        away, place = sound[0]
        said.append(
            _(
                "Le capteur prêté le plus proche, %(place)s, est à %(distance)s : %(value)s, à %(uncertainty)s près."
            )
            % {
                "place": place.label,
                "distance": distance(away),
                "value": amount(place.value or 0.0, unit),
                "uncertainty": figure(place.uncertainty),
            }
        )
    elif places:
        said.append(_("Aucun capteur prêté proche n’a de valeur à interpréter pour cette heure."))
    else:
        said.append(
            _("Aucun capteur prêté à moins de 30 km. Vous pouvez en emprunter un et être le premier.")
        )
    if valued:
        away, one = valued[0]
        said.append(
            _("La station de référence la plus proche, %(station)s, est à %(distance)s : %(value)s.")
            % {"station": one.station.name, "distance": distance(away), "value": amount(one.value, unit)}
        )
    if sound and valued:
        here, there = sound[0][1], valued[0][1]
        if here.hour != there.hour:
            said.append(_("Ces deux valeurs ne sont pas de la même heure : elles ne se comparent pas."))
        elif here.value is not None and there.value is not None and here.uncertainty is not None:
            difference = here.value - there.value
            if abs(difference) <= here.uncertainty:
                said.append(_("L’écart est plus petit que l’incertitude : on ne peut pas les distinguer."))
            elif difference > 0:
                said.append(
                    _("À cette heure, le capteur indique plus que la station, au-delà de l’incertitude.")
                )
            else:
                said.append(
                    _("À cette heure, le capteur indique moins que la station, au-delà de l’incertitude.")
                )
    return said


def why_they_may_differ(
    *,
    kilometres: float,
    siting: str,
    influence: str,
    flags_seen: Sequence[str],
    is_provisional: bool,
    is_uncalibrated: bool,
) -> list[str]:
    """List the plain reasons that apply here for which a lent sensor and a station may differ."""
    reasons = [
        _("La station est à %(distance)s : elle n’est pas sous le même vent ni devant les mêmes sources.")
        % {"distance": distance(kilometres)}
    ]
    kind = station_kind(siting, influence)
    if kind:
        reasons.append(
            _("Elle mesure %(kind)s ; un capteur prêté mesure l’air d’un balcon ou d’une cour.")
            % {"kind": kind}
        )
    if "humidity" in flags_seen:
        reasons.append(
            _("L’air a été très humide : un capteur optique compte alors aussi de fines gouttes d’eau.")
        )
    if is_uncalibrated:
        reasons.append(
            _("Ce capteur n’a pas d’étalonnage en vigueur : sa valeur brute peut être loin de la réalité.")
        )
    elif is_provisional:
        reasons.append(
            _(
                "Le prêt est en cours : la dérive du capteur ne sera connue qu’à son retour, sa valeur est provisoire."
            )
        )
    return reasons
