"""What to type into which device: for each format the fields of its own page, filled in for one sensor.

Names of fields are those of the devices' own pages and programs as their documentation has them; a firmware of
another version may name or place them differently, which the page says.
"""

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

import segno
from django.conf import settings
from django.utils.translation import gettext as _

from firmware_bridge.broker_access import topics_of

PLACEHOLDER = "••••••••"  # stands for a secret that is not shown


class Server(NamedTuple):
    """Where devices reach us: `http` without a path, and the broker by host, port and TLS."""

    http: str
    mqtt_host: str
    mqtt_port: int
    mqtt_tls: bool

    @property
    def http_host(self) -> str:
        """The name of the web server, without scheme and port."""
        return urlsplit(self.http).hostname or ""

    @property
    def http_port(self) -> int:
        """The port of the web server."""
        parts = urlsplit(self.http)
        return parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def has_https(self) -> bool:
        """True where the web server is reached by HTTPS."""
        return self.http.startswith("https:")


class Access(NamedTuple):
    """What one device needs to reach us. `secret` is PLACEHOLDER where it is not shown."""

    device: str
    username: str
    secret: str
    server: Server

    @property
    def broker_url(self) -> str:
        """The broker's address with the account in it."""
        scheme = "mqtts" if self.server.mqtt_tls else "mqtt"
        return f"{scheme}://{self.username}:{self.secret}@{self.server.mqtt_host}:{self.server.mqtt_port}"


class Line(NamedTuple):
    """One field of the device's page and what to type there."""

    label: str
    value: str


class Guide(NamedTuple):
    """How to set one device. `copied` is a text to paste whole (or ''), and what the square holds."""

    way: str  # "MQTT" or "HTTP"
    where: str
    lines: list[Line]
    notes: list[str]
    copied: str = ""

    @property
    def square(self) -> str:
        """The QR code of what is to be typed, as an SVG data address."""
        text = self.copied or "\n".join(f"{line.label}: {line.value}" for line in self.lines)
        return str(segno.make(text, error="m", micro=False).svg_data_uri(border=2))


def our_server() -> Server:
    """Read where devices reach us: CAPTO_DEVICE_MQTT_URL and CAPTO_SITE_URL."""
    parts = urlsplit(settings.DEVICE_MQTT_URL)
    has_tls = parts.scheme == "mqtts"
    return Server(settings.SITE_URL, parts.hostname or "", parts.port or (8883 if has_tls else 1883), has_tls)


def _broker(access: Access) -> list[Line]:
    server = access.server
    return [
        Line(_("Serveur (Host, Broker)"), server.mqtt_host),
        Line(_("Port"), str(server.mqtt_port)),
        Line("TLS", _("oui") if server.mqtt_tls else _("non")),
        Line(_("Utilisateur (User)"), access.username),
        Line(_("Mot de passe (Password)"), access.secret),
    ]


def _web(access: Access, path: str) -> list[Line]:
    server = access.server
    return [
        Line(_("Serveur"), server.http_host),
        Line(_("Chemin (Path)"), path),
        Line(_("Port"), str(server.http_port)),
        Line("HTTPS", _("oui") if server.has_https else _("non")),
        Line(_("Utilisateur (User)"), access.username),
        Line(_("Mot de passe (Password)"), access.secret),
    ]


def _address(access: Access, path: str, *more: Line) -> list[Line]:
    return [Line(_("Adresse (URL)"), access.server.http + path), *more]


def _basic(access: Access) -> list[Line]:
    return [
        Line(_("Utilisateur (User)"), access.username),
        Line(_("Mot de passe (Password)"), access.secret),
    ]


def _bearer(access: Access) -> Line:
    return Line(_("En-tête Authorization"), f"Bearer {access.secret}")


def _airgradient(access: Access) -> Guide:
    command = (
        f"curl -X PUT -H 'Content-Type: application/json' -d '{{\"mqttBrokerUrl\":\"{access.broker_url}\"}}' "
        f"http://airgradient_{access.device}.local/config"
    )
    return Guide(
        "MQTT",
        _("Depuis un ordinateur du même Wi-Fi que l’appareil, envoyez-lui cette commande ; ou collez l’adresse du "
          "courtier dans le champ « MQTT » de sa page de réglage."),
        [Line("mqttBrokerUrl", access.broker_url), Line(_("Commande"), command)],
        [_("Le sujet est fixé par l’appareil : il n’y a rien d’autre à régler."),
         _("Les identifiants se lisent ensuite sur la page de l’appareil : ne la laissez pas ouverte à des inconnus.")],
        access.broker_url,
    )  # fmt: skip


def _airrohr(access: Access) -> Guide:
    return Guide(
        "HTTP",
        _("Sur la page de l’appareil, onglet « API », cochez « Envoyer vers sa propre API », puis remplissez :"),
        _web(access, "/ingest/airrohr"),
        [_("Laissez les autres envois comme vous le souhaitez : ils ne nous gênent pas."),
         _("L’appareil ne rejoue rien après une coupure du Wi-Fi : ces minutes-là manqueront.")],
    )  # fmt: skip


def _smart_citizen(access: Access) -> Guide:
    notes = [_("Ce kit n’envoie ni nom ni mot de passe : son jeton est son seul secret, et change à chaque prêt. "
               "Ne le montrez à personne.")]  # fmt: skip
    if not settings.TOKEN_MQTT_URL:
        notes.append(
            _("Cette installation n’a pas d’entrée pour les jetons : la carte SD du kit se lit au comptoir.")
        )
        return Guide("SD", _("Laissez le kit écrire sur sa carte SD."), [], notes)
    parts = urlsplit(settings.TOKEN_MQTT_URL)
    lines = [
        Line(_("Serveur MQTT"), parts.hostname or ""),
        Line(_("Port"), str(parts.port or 1883)),
        Line(_("Jeton (token)"), access.device),
    ]
    return Guide("MQTT", _("Sur la page de réglage du kit (mode réglage, Wi-Fi du kit) :"), lines, notes)


def _tasmota(access: Access) -> Guide:
    server = access.server
    command = (
        f"Backlog MqttHost {server.mqtt_host}; MqttPort {server.mqtt_port}; MqttUser {access.username}; "
        f"MqttPassword {access.secret}; Topic {access.device}; FullTopic %prefix%/%topic%/; TelePeriod 60"
    )
    return Guide(
        "MQTT",
        _("Dans « Configuration », « MQTT », ou en une ligne dans la console :"),
        [*_broker(access), Line("Topic", access.device), Line("Full Topic", "%prefix%/%topic%/"),
         Line(_("Console"), command)],
        [_("TLS demande une version « tasmota32 » ou compilée avec TLS.")] if server.mqtt_tls else [],
        command,
    )  # fmt: skip


def _esphome(access: Access) -> Guide:
    server = access.server
    text = (
        f"mqtt:\n  broker: {server.mqtt_host}\n  port: {server.mqtt_port}\n  username: {access.username}\n"
        f"  password: {access.secret}\n  topic_prefix: {access.device}\n  discovery: false\n"
    )
    return Guide(
        "MQTT",
        _("Dans le fichier YAML de l’appareil, puis installez-le de nouveau :"),
        [*_broker(access), Line("topic_prefix", access.device)],
        [_("Un appareil ESP8266 ne sait pas bien faire TLS : préférez un ESP32.")] if server.mqtt_tls else [],
        text,
    )


def _zigbee2mqtt(access: Access) -> Guide:
    server = access.server
    scheme = "mqtts" if server.mqtt_tls else "mqtt"
    text = (
        f"mqtt:\n  base_topic: zigbee2mqtt\n  server: {scheme}://{server.mqtt_host}:{server.mqtt_port}\n"
        f"  user: {access.username}\n  password: {access.secret}\nadvanced:\n  last_seen: ISO_8601\n"
    )
    return Guide(
        "MQTT",
        _("Dans « configuration.yaml » de Zigbee2MQTT, puis redémarrez-le :"),
        [*_broker(access), Line("base_topic", "zigbee2mqtt")],
        [
            _(
                "Seuls les appareils enregistrés ici sont reçus : "
                "les autres objets de la maison ne nous parviennent pas."
            )
        ],
        text,
    )


def _meshtastic(access: Access) -> Guide:
    server = access.server
    return Guide(
        "MQTT",
        _("Dans l’application Meshtastic de la passerelle, « Module Config », « MQTT » :"),
        [
            Line("Address", f"{server.mqtt_host}:{server.mqtt_port}"),
            Line("Username", access.username),
            Line("Password", access.secret),
            Line("TLS Enabled", _("oui") if server.mqtt_tls else _("non")),
            Line("Encryption Enabled", _("non")),
            Line("JSON Enabled", _("non")),
            Line("Root Topic", "msh"),
        ],
        [_("Décochez l’envoi de la position : elle n’est pas gardée, mais n’a pas à voyager.")],
    )


def _box(path: str) -> Callable[[Access], Guide]:
    def guide(access: Access) -> Guide:
        return Guide(
            "HTTP",
            _("Dans le programme de la boîte, remplacez le serveur et le jeton d’accès :"),
            _address(access, path.format(device=access.device), Line("access token", access.secret)),
            [_("La boîte garde son identifiant ; l’en-tête Authorization porte le jeton seul.")],
        )

    return guide


def _webhook(path: str, where: Callable[[], str]) -> Callable[[Access], Guide]:
    def guide(access: Access) -> Guide:
        return Guide("HTTP", where(), _address(access, path, _bearer(access)), [
            _("Envoyez seulement les messages montants (« Uplink message ») en JSON.")])  # fmt: skip

    return guide


def _posted(path: str) -> Callable[[Access], Guide]:
    def guide(access: Access) -> Guide:
        return Guide(
            "HTTP",
            _("Là où l’appareil, ou le relais qui envoie pour lui, demande l’adresse du serveur :"),
            _address(access, path.format(device=access.device), *_basic(access)),
            [],
        )

    return guide


def _with_token(path: str) -> Callable[[Access], Guide]:
    def guide(access: Access) -> Guide:
        return Guide(
            "HTTP",
            _("Là où l’appareil, ou le relais qui envoie pour lui, demande l’adresse du serveur :"),
            _address(access, path.format(secret=access.secret)),
            [
                _(
                    "Cet appareil n’a pas de champ pour un mot de passe : l’adresse est secrète, gardez-la pour vous."
                )
            ],
        )

    return guide


def _airbeam(path: str) -> Callable[[Access], Guide]:
    def guide(access: Access) -> Guide:
        return Guide(
            "HTTP",
            _("Dans l’application de l’appareil, ou le relais qui envoie pour elle :"),
            _address(
                access,
                path,
                Line(_("Utilisateur (User)"), access.secret),
                Line(_("Mot de passe (Password)"), "X"),
            ),
            [_("Le jeton tient lieu d’utilisateur, comme pour le compte d’AirCasting.")],
        )

    return guide


def _published(access: Access, wire_format: str) -> Guide:
    topics = topics_of(wire_format, access.device)
    return Guide(
        "MQTT",
        _("Dans les réglages MQTT de l’appareil :"),
        [*_broker(access), *(Line(_("Sujet (Topic)"), topic) for topic in topics[:3])],
        [_("L’appareil ne peut publier que là : tout autre sujet est refusé sans le lui dire.")],
    )


_GUIDES: dict[str, Callable[[Access], Guide]] = {
    "airgradient": _airgradient,
    "airrohr": _airrohr,
    "smart_citizen": _smart_citizen,
    "tasmota": _tasmota,
    "esphome": _esphome,
    "zigbee2mqtt": _zigbee2mqtt,
    "meshtastic": _meshtastic,
    "opensensemap": _box("/boxes/{device}/data"),
    "opensensemap_other": _box("/boxes/{device}/data"),
    "ttn": _webhook(
        "/ingest/ttn",
        lambda: _(
            "Dans la console de The Things Stack : « Integrations », « Webhooks », « Custom webhook » :"
        ),
    ),
    "chirpstack": _webhook(
        "/ingest/chirpstack", lambda: _("Dans ChirpStack : l’application, « Integrations », « HTTP » :")
    ),
    "purpleair": _posted("/ingest/purpleair"),
    "sensorthings": _posted("/v1.1/Observations"),
    "nebuleair": _with_token("/pro_LTE.php?token={secret}"),
    "thingsboard": _with_token("/api/v1/{secret}/telemetry"),
    "airbeam": _airbeam("/api/v3/fixed_sessions/…/measurements"),
    "airbeam_realtime": _airbeam("/api/realtime/measurements"),
}


def guide_for(wire_format: str, access: Access) -> Guide:
    """Say what to type into a device of a format; by MQTT where nothing else is known of it."""
    known = _GUIDES.get(wire_format)
    return known(access) if known is not None else _published(access, wire_format)
