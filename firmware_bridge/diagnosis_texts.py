"""What a diagnosis means in plain words, and what to do: one sentence for the borrower, one for staff."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _


class Words(NamedTuple):
    """A sentence for each reader; lazy translations."""

    borrower: object
    staff: object


WORDS = {
    "silent": Words(
        _("Votre capteur n’envoie plus rien : vérifiez qu’il est branché et que votre Wi-Fi fonctionne."),
        _("Aucun message depuis trois intervalles : appelez l’emprunteur si cela dure plus d’un jour."),
    ),
    "stuck": Words(
        _("Votre capteur répète la même valeur : débranchez-le dix secondes, puis rebranchez-le."),
        _("Valeur de particules figée : si elle l’est encore après un redémarrage, échangez le capteur."),
    ),
    "out_of_range": Words(
        _("Une mesure est impossible : débranchez le capteur dix secondes ; si cela revient, rapportez-le."),
        _("Valeur hors de la plage de la grandeur : sonde ou connecteur à contrôler."),
    ),
    "too_humid": Words(
        _(
            "De l’eau semble être entrée dans le boîtier : mettez le capteur à l’abri de la pluie, grille vers le bas."
        ),
        _(
            "Humidité bien au-dessus de celle des autres capteurs : les particules sont surestimées, sécher le boîtier."
        ),
    ),
    "clock_wrong": Words(
        _("L’horloge du capteur est fausse : laissez-le branché et connecté, il se met à l’heure seul."),
        _("Horloge fausse : vérifiez serveur de temps et fuseau ; les messages refusés pourront être relus."),
    ),
    "battery_low": Words(
        _("La batterie est presque vide : branchez le capteur dès aujourd’hui."),
        _("Batterie faible : contrôlez le chargeur et le câble au retour."),
    ),
    "weak_signal": Words(
        _("Le Wi-Fi arrive mal jusqu’au capteur : rapprochez-le de la box ou d’une fenêtre."),
        _("Signal faible ou messages perdus : proposez un répéteur, ou un capteur à carte SD."),
    ),
    "fan_failing": Words(
        _("Le ventilateur tourne mal : vérifiez que rien ne bouche l’entrée d’air, puis prévenez-nous."),
        _("Ventilateur ou laser en panne : échangez le capteur et ouvrez un ticket d’entretien."),
    ),
    "indoors_by_mistake": Words(
        _("Votre capteur semble être à l’intérieur : posez-le dehors, à l’ombre et à l’abri de la pluie."),
        _(
            "Température d’une pièce sur une pose extérieure : demandez où est le capteur, ou corrigez la pose."
        ),
    ),
    "drifting": Words(
        _(
            "Vos mesures s’écartent peu à peu de celles des autres : vous n’avez rien à faire, nous vérifions."
        ),
        _("Dérive par rapport aux autres capteurs : prévoyez une comparaison à la station et un nettoyage."),
    ),
}

_FIGURES = {  # of `Finding.evidence`: what each is called, and its unit
    "quiet_minutes": (_("sans nouvelles depuis"), "min"),
    "value": (_("valeur"), ""),
    "messages": (_("messages"), ""),
    "hours": (_("durée"), "h"),
    "quantity": (_("grandeur"), ""),
    "humidity": (_("humidité"), "%"),
    "others": (_("les autres"), "%"),
    "refused_messages": (_("messages refusés"), ""),
    "behind_minutes": (_("retard de l’horloge"), "min"),
    "battery_pct": (_("batterie"), "%"),
    "battery_v": (_("batterie"), "V"),
    "rssi": (_("signal"), "dBm"),
    "received_pct": (_("messages reçus"), "%"),
    "messages_without_particles": (_("messages sans particules"), ""),
    "share_of_others": (_("rapport aux autres"), ""),
    "warmer": (_("plus chaud que les autres de"), "°C"),
    "factor": (_("rapport aux autres, multiplié par"), ""),
}


def figures(evidence: Mapping[str, Any]) -> str:
    """Write the figures of a diagnosis in one line."""
    said = []
    for key, value in evidence.items():
        name, unit = _FIGURES.get(key, (key, ""))
        text = number_format(value) if isinstance(value, int | float) else str(value)
        said.append(f"{name} {text} {unit}".strip())
    return ", ".join(said)
