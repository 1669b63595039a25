"""Guides and charters, written as Markdown rows, as pages show them. Raw HTML in them is shown as text."""

from functools import lru_cache

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt


@lru_cache(maxsize=1)
def _reader() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def rendered(text: str) -> SafeString:
    """Render Markdown as HTML without any tag of the author's own."""
    html: SafeString = mark_safe(_reader().render(text))
    return html
