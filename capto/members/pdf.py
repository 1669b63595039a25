"""Pages as PDF, from the same templates, with nothing fetched from anywhere."""

from typing import Any

from weasyprint import HTML
from weasyprint.urls import URLFetcher


def laid_out(html: str) -> Any:
    """Lay a page out on its sheets (a WeasyPrint document); addresses other than `data:` stay empty."""
    return HTML(string=html, url_fetcher=URLFetcher(allowed_protocols={"data"})).render(
        pdf_variant="pdf/ua-1"
    )


def pdf_of(html: str) -> bytes:
    """Render a page as an accessible PDF (PDF/UA-1)."""
    content: bytes = laid_out(html).write_pdf()
    return content
