"""Pages as PDF, from the same templates, with nothing fetched from anywhere."""

from typing import Any


def laid_out(html: str) -> Any:
    """Lay a page out on its sheets (a WeasyPrint document); addresses other than `data:` stay empty."""
    from weasyprint import HTML  # half a second and 25 MB: only whoever prints
    from weasyprint.urls import URLFetcher

    return HTML(string=html, url_fetcher=URLFetcher(allowed_protocols={"data"})).render(
        pdf_variant="pdf/ua-1"
    )


def pdf_of(html: str) -> bytes:
    """Render a page as an accessible PDF (PDF/UA-1)."""
    content: bytes = laid_out(html).write_pdf()
    return content
