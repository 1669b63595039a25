"""How people call the formats, and the reasons for which a message was set aside: French, lazily translated."""

from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from firmware_bridge import reasons

FORMAT_NAMES: dict[str, str] = {  # proper names: not translated
    "airgradient": "AirGradient",
    "senml": "SenML (RFC 8428)",
    "airrohr": "airRohr (Sensor.Community)",
    "smart_citizen": "Smart Citizen Kit",
    "opensensemap": "openSenseMap (senseBox)",
    "ttn": "The Things Network (LoRaWAN)",
    "chirpstack": "ChirpStack (LoRaWAN)",
    "tasmota": "Tasmota",
    "esphome": "ESPHome",
    "zigbee2mqtt": "Zigbee2MQTT",
    "purpleair": "PurpleAir",
    "airbeam": "AirBeam",
    "opensensemap_other": "openSenseMap (CSV, hackAIR)",
    "ha_discovery": "Home Assistant (MQTT discovery)",
    "canairio": "CanAirIO",
    "cayenne_lpp": "Cayenne LPP",
    "meshtastic": "Meshtastic",
    "homie": "Homie",
    "sensorthings": "OGC SensorThings",
    "airbeam_realtime": "AirBeam (AirCasting)",
    "nebuleair": "NebuleAir Pro",
    "thingsboard": "ThingsBoard",
}


class Reason(NamedTuple):
    """A reason in plain words: what happened, and what makes it right. `is_final`: replaying cannot help."""

    name: object
    explained: object
    way_out: object
    is_final: bool = False


REASONS: dict[str, Reason] = {
    reasons.UNKNOWN_DEVICE: Reason(
        _("Appareil inconnu"),
        _("Le message se lit, mais aucun capteur du catalogue ne porte ce nom."),
        _("Attribuez l’appareil à un capteur : ses messages sont relus aussitôt."),
    ),
    reasons.UNKNOWN_FORMAT: Reason(
        _("Sujet inconnu"),
        _("Aucun format n’emploie ce sujet ou cette adresse."),
        _("Corrigez le sujet dans l’appareil ; si le format manque, demandez-le au développement."),
    ),
    reasons.UNDECODABLE: Reason(
        _("Illisible"),
        _("Le message est coupé, ou n’a pas la forme de son format."),
        _(
            "S’il en vient d’autres, vérifiez la version du micrologiciel ; relisez-les une fois le décodeur corrigé."
        ),
    ),
    reasons.DECODER_FAILED: Reason(
        _("Défaut de notre décodeur"),
        _("Le message est peut-être bon : notre programme s’est arrêté en le lisant."),
        _("Signalez-le au développement, puis relisez-les : rien n’est perdu."),
    ),
    reasons.TOO_LARGE: Reason(
        _("Trop gros"),
        _("Le message dépasse ce qui est lu en une fois ; seul son début est gardé."),
        _("Envoyez les mesures en plusieurs fois, ou par un fichier."),
        is_final=True,
    ),
    reasons.TOO_FAST: Reason(
        _("Trop de messages"),
        _(
            "L’appareil envoie sans cesse ; ce qui dépasse sa part est mis de côté, les autres n’en souffrent pas."
        ),
        _("Réglez son intervalle, ou redémarrez-le ; relisez-les s’ils sont bons."),
    ),
    reasons.NO_IDENTITY: Reason(
        _("Sans nom"),
        _("Le message ne dit pas de quel appareil il vient."),
        _("Donnez un nom à l’appareil, ou faites-lui employer ses propres identifiants."),
    ),
    reasons.IDENTITY_MISMATCH: Reason(
        _("Autre appareil que le sien"),
        _("Le message nomme un autre appareil que celui de son sujet ou de ses identifiants."),
        _("Vérifiez que l’appareil a ses propres identifiants, et non ceux d’un autre."),
    ),
    reasons.REFUSED_ITEMS: Reason(
        _("Refusé en partie"),
        _("Le reste du message est devenu des mesures ; ces éléments-là n’ont pas été compris."),
        _("Décrivez les clés du modèle, ou la grandeur au catalogue, puis relisez-les."),
    ),
    reasons.FUTURE: Reason(
        _("En quarantaine : dans le futur"),
        _("L’heure du message est à plus d’un jour devant la nôtre."),
        _("Réglez l’horloge de l’appareil ; relu plus tard, un message garde son heure."),
    ),
    reasons.OUTSIDE_PLACEMENTS: Reason(
        _("En quarantaine : hors de toute pose"),
        _("Le capteur ne se trouvait nulle part à l’heure du message : ni prêt, ni banc."),
        _("Ouvrez ou corrigez la pose, puis relisez-les ; une horloge en 1970 donne la même chose."),
    ),
    reasons.CONFLICT: Reason(
        _("Contredit une mesure déjà là"),
        _("Une autre valeur est gardée pour le même capteur à la même heure ; la première reste."),
        _("Rien à faire : les deux sont visibles, aucune n’est choisie en silence."),
        is_final=True,
    ),
    reasons.REFUSED_BY_DATABASE: Reason(
        _("Refusé par la base"),
        _("La base de données n’a pas pu garder cette ligne ; ses voisines y sont."),
        _("Signalez-le au développement, puis relisez-les."),
    ),
}


def format_name(wire_format: str) -> str:
    """Give the name that people know of a wire format."""
    return FORMAT_NAMES.get(wire_format, wire_format or "?")


def reason_of(code: str) -> Reason:
    """Give the words for a reason; a code that has none is shown as it is."""
    return REASONS.get(code, Reason(code, "", ""))
