"""Small pieces of HTML: escaped texts, tables, facts, figures with their caption."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def e(text: object) -> str:
    """Escape a text for HTML."""
    return escape(str(text))


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> str:
    """Write a table in a scrolling region; the first `words` columns are texts, the others figures; '' without rows."""
    body = list(rows)
    if not body:
        return ""

    def cell(k: int, content: str, tag: str) -> str:
        kind = "" if k < words else ' class="n"'
        return f"<{tag}{kind}>{e(content)}</{tag}>"

    def heading(k: int, name: str) -> str:
        if not name:  # the corner of a table heads nothing
            return "<td></td>"
        return f'<th scope="col"{"" if k < words else " class=" + chr(34) + "n" + chr(34)}>{e(name)}</th>'

    top = "".join(heading(k, name) for k, name in enumerate(head))
    lines = "".join(
        '<tr><th scope="row">'
        + e(row[0])
        + "</th>"
        + "".join(cell(k, content, "td") for k, content in enumerate(row[1:], start=1))
        + "</tr>"
        for row in body
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{e(caption)}"><table>'
        f"<caption>{e(caption)}</caption>"
        f"<thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Write short facts; those without a value are left out."""
    lines = "".join(f"<dt>{e(name)}</dt><dd>{e(value)}</dd>" for name, value in pairs if value)
    return f'<dl class="facts">{lines}</dl>'


def figure(svg: str, caption: str) -> str:
    """Write a drawing with the sentence that helps to read it; '' without a drawing."""
    return f"<figure>{svg}<figcaption>{e(caption)}</figcaption></figure>" if svg else ""


def paragraph(text: str, *, kind: str = "") -> str:
    """Write a paragraph; '' without text."""
    return f"<p{f' class={chr(34)}{kind}{chr(34)}' if kind else ''}>{e(text)}</p>" if text else ""


def section(title: str, *parts: str) -> str:
    """Write a section under its title; '' where it would hold nothing."""
    inside = "".join(parts)
    return f"<section><h2>{e(title)}</h2>{inside}</section>" if inside else ""
