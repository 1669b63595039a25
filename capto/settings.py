"""Settings of Capto: one file; what differs between machines comes from the environment.

Every variable is listed in README.md. Defaults are safe: DEBUG is off, the secret is generated once into the
run folder, cookies are for HTTPS unless the site is only served to this machine.
"""

import json
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
RUN_DIR = Path(os.environ.get("CAPTO_RUN") or BASE_DIR / "run")


def _flag(name: str, default: bool = False) -> bool:
    return os.environ.get(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


def _list(name: str, default: str) -> list[str]:
    return [item.strip() for item in os.environ.get(name, default).split(",") if item.strip()]


def _private_services() -> dict[str, str]:
    """Read where the private services of this run folder listen, {} when none were started."""
    try:
        found: dict[str, str] = json.loads((RUN_DIR / "services.json").read_text())
    except (FileNotFoundError, NotADirectoryError, PermissionError, json.JSONDecodeError):
        return {}
    return found


def _secret_key() -> str:
    given = os.environ.get("CAPTO_SECRET_KEY")
    if given:
        return given
    path = Path(os.environ.get("CAPTO_SECRET_KEY_FILE") or RUN_DIR / "secret_key")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48))
        except FileExistsError:  # another process was quicker
            pass
    return path.read_text().strip()


_services = _private_services()
DATABASE_URL = os.environ.get("CAPTO_DATABASE_URL") or _services.get("database_url", "")
MQTT_URL = os.environ.get("CAPTO_MQTT_URL") or _services.get("mqtt_url", "")
# Who plays devices has accounts of its own: the account is the client id, so that nobody takes the bridge's place.
MQTT_PUBLISHER_URL = (
    os.environ.get("CAPTO_MQTT_PUBLISHER_URL") or _services.get("mqtt_publisher_url") or MQTT_URL
)
MQTT_SIMULATION_URL = (
    os.environ.get("CAPTO_MQTT_SIMULATION_URL") or _services.get("mqtt_simulation_url") or MQTT_URL
)
# Who adds and removes the accounts of devices in the broker; empty: nobody, they are made by hand.
MQTT_KEEPER_URL = os.environ.get("CAPTO_MQTT_KEEPER_URL") or _services.get("mqtt_keeper_url", "")
# Who looks at the broker's own figures ($SYS) each minute; empty: nobody, and the status page says so.
MQTT_WATCHER_URL = os.environ.get("CAPTO_MQTT_WATCHER_URL") or _services.get("mqtt_watcher_url", "")
# What a monitoring shows to read /metrics; empty: only this machine reads them.
METRICS_TOKEN = os.environ.get("CAPTO_METRICS_TOKEN", "")
# Messages a second that one device may send by MQTT in the long run, after so many at once; 0: no limit.
DEVICE_MESSAGES_PER_S = float(os.environ.get("CAPTO_DEVICE_MESSAGES_PER_S", "100"))
DEVICE_MESSAGES_AT_ONCE = float(os.environ.get("CAPTO_DEVICE_MESSAGES_AT_ONCE", "100000"))
# Where devices reach the broker from outside (mqtts://name:8883), as their guides say; default: where the bridge does.
DEVICE_MQTT_URL = os.environ.get("CAPTO_DEVICE_MQTT_URL") or MQTT_URL
# The door for devices that can send neither user name nor password (deploy/mosquitto/tokens.conf); empty: none.
TOKEN_MQTT_URL = os.environ.get("CAPTO_TOKEN_MQTT_URL", "")

DEBUG = _flag("CAPTO_DEBUG")
SECRET_KEY = _secret_key()
ALLOWED_HOSTS = _list("CAPTO_HOSTS", "localhost,127.0.0.1,[::1]")
SITE_URL = os.environ.get("CAPTO_SITE_URL", "http://localhost:8000").rstrip("/")
_served_by_https = urlsplit(SITE_URL).scheme == "https"
CSRF_TRUSTED_ORIGINS = [SITE_URL] if _served_by_https else []

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_q",
    "django_htmx",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "csp",
    "pgtrigger",
    "pghistory",
    "capto.members",
    "capto.catalogue",
    "capto.training",
    "capto.readings",
    "capto.lending",
    "capto.validation",
    "capto.simulation",
    "firmware_bridge",
    "dashboards",
    "dashboards.episodes",
    "dashboards.messages",
    "dashboards.pledges",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "pghistory.middleware.HistoryMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "capto.no_nul.AnswerNul",
]

ROOT_URLCONF = "capto.urls"
WSGI_APPLICATION = "capto.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "capto" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboards.site.about_this_site",
            ],
        },
    },
]

# A web process answers in many threads and shares a few connections between them, which stay warm; every other
# process keeps its one connection (capto.wsgi says which one this is).
_CONNECTIONS = int(os.environ.get("CAPTO_WEB_CONNECTIONS", "0"))
POOL = {"min_size": min(4, _CONNECTIONS), "max_size": _CONNECTIONS, "timeout": 5} if _CONNECTIONS else {}

try:
    DATABASES: dict[str, dict[str, Any]] = {
        "default": {
            **dj_database_url.parse(DATABASE_URL or "postgres:///capto", conn_max_age=0 if POOL else 60),
            "CONN_HEALTH_CHECKS": True,
        }
    }
    if POOL:
        DATABASES["default"]["OPTIONS"] = {**DATABASES["default"].get("OPTIONS", {}), "pool": POOL}
except ValueError as error:
    raise ImproperlyConfigured(f"CAPTO_DATABASE_URL cannot be read as a database URL: {error}") from error
if DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
    raise ImproperlyConfigured(
        "CAPTO_DATABASE_URL must name a PostgreSQL server with TimescaleDB (postgres://...)"
    )
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "capto_cache",  # shared by all web processes: limits of rate are counted once
    },
    # Of readers without a key: counted in each web process, so that reading writes nothing.
    "limits": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "limits"},
    # Public pages as they were sent (dashboards.kept): at most 20 MB in each web process.
    "pages": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "pages",
        "OPTIONS": {"MAX_ENTRIES": 300},
    },
}
PAGES_KEPT_SECONDS = int(os.environ.get("CAPTO_PAGES_KEPT_SECONDS", "60"))  # 0: every page is made anew

AUTH_USER_MODEL = "members.Person"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", "Français"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "capto" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Paris"  # pages; the database and all files are in UTC
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "static/"
STATIC_ROOT = RUN_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "capto" / "static"]
MEDIA_ROOT = Path(os.environ.get("CAPTO_MEDIA") or RUN_DIR / "media")
MEDIA_URL = "media/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True

# Pages load nothing from other hosts, but for map tiles from an allow-list, switched off by an empty setting.
MAP_TILES_URL = os.environ.get("CAPTO_MAP_TILES_URL", "")
_tile_hosts = [f"https://{urlsplit(MAP_TILES_URL).netloc}"] if MAP_TILES_URL else []
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", *_tile_hosts],
        "connect-src": [SELF],
        "font-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _flag("CAPTO_BEHIND_PROXY") else None
SECURE_SSL_REDIRECT = _served_by_https
SECURE_HSTS_SECONDS = 31_536_000 if _served_by_https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _served_by_https
SECURE_HSTS_PRELOAD = _served_by_https
SESSION_COOKIE_SECURE = _served_by_https
CSRF_COOKIE_SECURE = _served_by_https
SESSION_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SAMESITE = "Lax"

EMAIL_BACKEND = os.environ.get("CAPTO_EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend")
EMAIL_FILE_PATH = RUN_DIR / "mail"
EMAIL_HOST = os.environ.get("CAPTO_SMTP_HOST", "localhost")
EMAIL_PORT = int(os.environ.get("CAPTO_SMTP_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("CAPTO_SMTP_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("CAPTO_SMTP_PASSWORD", "")
EMAIL_USE_TLS = _flag("CAPTO_SMTP_TLS")
DEFAULT_FROM_EMAIL = os.environ.get("CAPTO_FROM_EMAIL", "capto@localhost")

# What one reader may ask of SensorThings and of the files in a minute, in each web process; 0: no limit.
READS_PER_MINUTE = int(os.environ.get("CAPTO_READS_PER_MINUTE", "6000"))
FILES_PER_MINUTE = int(os.environ.get("CAPTO_FILES_PER_MINUTE", "600"))
NINJA_NUM_PROXIES = 1 if _flag("CAPTO_BEHIND_PROXY") else 0  # whose word on the reader's address counts

Q_CLUSTER = {
    "name": "capto",
    "orm": "default",  # the database is the queue: nothing else to run
    "workers": int(os.environ.get("CAPTO_WORKERS", "1")),
    "timeout": 3_000,  # seconds; a recomputation of a long period is one task
    "retry": 3_600,  # must exceed the timeout, or a running task starts twice
    "max_attempts": 3,
    "catch_up": False,  # a schedule that was missed runs once, not once per missed time
    "poll": 1,
    "save_limit": 500,
    "ack_failures": True,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("CAPTO_LOG_LEVEL", "INFO")},
    # Three lines per task and minute say nothing; a task that fails is still told.
    # So do the steps of a PDF.
    "loggers": {
        "django-q": {"level": os.environ.get("CAPTO_LOG_LEVEL", "WARNING")},
        "weasyprint": {"level": "WARNING"},
        "fontTools": {"level": "WARNING"},
    },
}

# Parts of a loan's page that packages above lending bring: functions of (request, loan, *, now) that give HTML.
# The formats that devices speak, for who writes a make of sensor: lending knows no decoder.
WIRE_FORMATS = "firmware_bridge.formats.FORMATS"
LOAN_PANELS = ["firmware_bridge.loan_devices.panel"]

# Who holds what of a person, for their own copy and their erasure (capto.members.erasure says how).
PERSONAL_DATA = [
    "capto.members.personal_data",
    "capto.training.personal_data",
    "capto.lending.personal_data",
    "dashboards.pledges.personal_data",
]

# What an association may want to change and has no row of its own yet.
PUBLISHED_CELL_METRES = int(
    os.environ.get("CAPTO_PUBLISHED_CELL_METRES", "200")
)  # Insee's grid; 100-250 allowed
REJECTED_DAYS = int(
    os.environ.get("CAPTO_REJECTED_DAYS", "365")
)  # days that a rejected message waits to be replayed, as technical logs do
# From when the vigie shows something to a metrologist: judgements of ours, no norm states them.
VIGIE_SILENT_HOURS = float(os.environ.get("CAPTO_VIGIE_SILENT_HOURS", "24"))
VIGIE_CLUSTER_HOURS = int(os.environ.get("CAPTO_VIGIE_CLUSTER_HOURS", "4"))  # abnormal ones within a day
VIGIE_CONTRADICTION_SHARE = float(os.environ.get("CAPTO_VIGIE_CONTRADICTION_SHARE", "0.5"))  # of two days
SITE_NAME = os.environ.get("CAPTO_SITE_NAME", "Capto")
SITE_OPERATOR = os.environ.get("CAPTO_SITE_OPERATOR", "")  # who runs this site, named in every footer
SITE_CONTACT = os.environ.get(
    "CAPTO_SITE_CONTACT", ""
)  # an e-mail address or a https:// form, on the contact page
# Where the source of this program can be read: the pages of the method link the names of its functions there.
SOURCE_URL = os.environ.get("CAPTO_SOURCE_URL", "")
# The national geocoder that the address box asks, such as https://data.geopf.fr/geocodage/search; empty: none.
GEOCODER_URL = os.environ.get("CAPTO_GEOCODER_URL", "").rstrip("/")
SOLICITATIONS_PER_30_DAYS = int(os.environ.get("CAPTO_SOLICITATIONS_PER_30_DAYS", "4"))  # to one person
# Off by default: nothing is fetched from elsewhere unless an association says so (see `capto import-episodes`).
EPISODE_FEEDS = _flag("CAPTO_EPISODE_FEEDS")
OPEN_FEEDS = _flag("CAPTO_OPEN_FEEDS")  # readings of other networks (see `capto import-open-feed`)
SMS_CHANNEL = os.environ.get(
    "CAPTO_SMS_CHANNEL", ""
)  # a class of the shape of capto.members.messages.Channel
STAFF_SECOND_FACTOR = _flag("CAPTO_STAFF_SECOND_FACTOR", default=True)  # off only on a demo of this machine
