"""The official notice, for the pages where it comes first."""

from typing import Any

from django import template
from django.utils import timezone

from dashboards.episodes.models import Episode

register = template.Library()


@register.inclusion_tag("episodes/includes/notice.html")
def episode_notice(zone: int | None = None) -> dict[str, Any]:
    """Show what the authority has announced for today and later, of one zone or of all; one query."""
    told = Episode.objects.told(now=timezone.now())
    return {"told": told.filter(zone=zone) if zone else told}
