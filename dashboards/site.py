"""What every page needs to know of the site it stands on."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def about_this_site(request: HttpRequest) -> dict[str, Any]:
    """Give templates the site's name and tile setting (a context processor)."""
    return {"site_name": settings.SITE_NAME, "map_tiles_url": settings.MAP_TILES_URL}
