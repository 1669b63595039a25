"""The picture that a link to a place shows elsewhere: drawn here, from the published hour and nothing else."""

from functools import lru_cache
from io import BytesIO
from pathlib import Path
from textwrap import wrap

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from PIL import Image, ImageDraw, ImageFont

from dashboards.models import PublishedHour, PublishedSeries
from dashboards.views.withdrawals import gone_file
from dashboards.words import amount, day_of, figure, interval_of, name_of

WIDTH, HEIGHT, MARGIN = 1200, 630, 80  # pixels; the proportions that previews are cut to
PAPER, INK, SOFT, ACCENT = "#fbfaf7", "#1d2430", "#545c68", "#0b5c6b"
FONTS = Path("/usr/share/fonts/truetype/dejavu")  # fonts-dejavu-core, which the set-up installs for PDF
FRESH_SECONDS = 300


def preview(request: HttpRequest, public_id: str, quantity: str) -> HttpResponse:
    """Give the picture of a place: its name, its latest published hour with its interval, and who says so."""
    series = (
        PublishedSeries.objects.of_place(public_id)
        .filter(property_id=quantity, property__is_pollutant=True)
        .select_related("property")
        .first()
    )
    if series is None:
        if PublishedSeries.objects.of_place(public_id).exists():
            raise Http404
        return gone_file(public_id)
    hour = (
        PublishedHour.objects.of_place(public_id, quantity=quantity)
        .exclude(purpose="co_location")
        .filter(value__isnull=False, grade__in=("B", "C"))
        .order_by("-hour", "calibration_id")
        .first()
    )
    lines = [(name_of(series.property), 40, False, SOFT)]
    lines += [(part, 64, True, INK) for part in wrap(series.label, 28)[:3]]
    if hour is not None:
        value = f"{amount(hour.value, series.property.unit_label)} ± {figure(hour.expanded_uncertainty)}"
        lines.append((value, 72, True, ACCENT))
        lines.append((f"{day_of(hour.hour)}, {interval_of(hour.hour)}", 36, False, SOFT))
    last = _("données simulées") if series.is_simulated else _("capteur prêté, comparé à une station")
    lines.append((f"{settings.SITE_NAME} · {last}", 32, False, SOFT))
    answer = HttpResponse(_drawn(lines), content_type="image/png")
    patch_cache_control(answer, public=True, max_age=FRESH_SECONDS)
    return answer


def _drawn(lines: list[tuple[str, int, bool, str]]) -> bytes:
    """Write lines (words, pixels, bold, colour) under each other; those too wide are made smaller."""
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 24, HEIGHT), fill=ACCENT)
    top = float(MARGIN)
    for words, size, bold, colour in lines:
        plain = words.replace("\u202f", " ").replace("\xa0", " ")
        font = _font(size, bold)
        width = pen.textlength(plain, font=font)
        if width > WIDTH - 2 * MARGIN:
            font = _font(int(size * (WIDTH - 2 * MARGIN) / width), bold)
        pen.text((MARGIN, top), plain, font=font, fill=colour)
        top += size * 1.45
    written = BytesIO()
    image.save(written, "PNG", optimize=True)
    return written.getvalue()


@lru_cache(maxsize=32)
def _font(size: int, bold: bool) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    path = FONTS / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")
    return ImageFont.truetype(str(path), size) if path.exists() else ImageFont.load_default(size)
