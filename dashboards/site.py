"""What every page needs to know of the site it stands on."""

from typing import Any, NamedTuple

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from capto.catalogue.models import Sensor
from dashboards.kept import kept_rows


class Link(NamedTuple):
    """A line of the menu."""

    label: str
    url: str
    is_current: bool = False


def about_this_site(request: HttpRequest) -> dict[str, Any]:
    """Give templates the site's name, its menus and whether it holds simulated data (a context processor).

    The question to the database is asked only by a page that shows the banner: one query, or none if kept.
    """
    return {
        "site_name": settings.SITE_NAME,
        "site_operator": settings.SITE_OPERATOR,
        "map_tiles_url": settings.MAP_TILES_URL,
        "site_navigation": SimpleLazyObject(lambda: navigation(request)),
        "site_footer": SimpleLazyObject(footer),
        "site_has_simulated_data": SimpleLazyObject(_has_simulated_data),
    }


def _has_simulated_data() -> bool:
    """Whether some sensor is simulated; without a database no page shows any, not even one that tells an error."""
    try:
        return kept_rows("simulated", lambda: Sensor.objects.filter(is_simulated=True).exists())
    except OperationalError:
        return False


def navigation(request: HttpRequest) -> list[Link]:
    """List the sections of the site that exist, the current one marked."""
    user = getattr(request, "user", None)
    sections = [
        (_("Accueil"), "home"),
        (_("Lieux"), "places"),
        (_("Données"), "data"),
        (_("Emprunter"), "borrow"),
        (_("S’engager"), "pledges"),
        (_("Ma page"), "my-page")
        if user is not None and user.is_authenticated
        else (_("Se connecter"), "sign-in"),
    ]
    return _links(sections, path=request.path)


def footer() -> list[Link]:
    """List what stands at the foot of every page."""
    return _links(
        [
            (_("Accessibilité : non conforme"), "accessibility"),
            (_("Méthode"), "method"),
            (_("Essais d’appareils"), "device-tests"),
            (_("Licence et données"), "data"),
            (_("État du service"), "status"),
            (_("Vie privée"), "privacy"),
            (_("Contact"), "contact"),
        ]
    )


def _links(sections: list[tuple[str, str]], *, path: str = "") -> list[Link]:
    found = []
    for label, name in sections:
        try:
            url = reverse(name)
        except NoReverseMatch:  # the package that brings it is not mounted
            continue
        here = path == url or (url != "/" and path.startswith(url))
        found.append(Link(label, url, here))
    return found
