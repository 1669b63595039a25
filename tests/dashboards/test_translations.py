"""Every text that a template or a module of the site shows has its English."""

import subprocess
from pathlib import Path

import pytest
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("capto", "dashboards", "firmware_bridge")
CATALOGUES = sorted(
    path for package in PACKAGES for path in (ROOT / package).rglob("locale/en/LC_MESSAGES/django.po")
)
XGETTEXT = [
    "xgettext", "--language=Python", "--from-code=UTF-8", "--no-location", "--output=-",
    "--keyword=gettext_noop", "--keyword=gettext_lazy", "--keyword=ngettext_lazy:1,2", "--keyword=pgettext:1c,2",
    "--keyword=npgettext:1c,2,3", "--keyword=pgettext_lazy:1c,2", "--keyword=npgettext_lazy:1c,2,3",
]  # fmt: skip


def messages(po: str) -> dict[str, str]:
    """Read msgid -> all of its translations joined, from the text of a catalogue."""
    found: dict[str, str] = {}
    for block in po.split("\n\n"):
        parts: dict[str, str] = {}
        key = ""
        for line in block.splitlines():
            if line.startswith(("msgid", "msgstr", "msgctxt")):
                key, _, line = line.partition(" ")
            if line.startswith('"'):
                parts[key] = parts.get(key, "") + line[1:-1]
        if parts.get("msgid"):
            found[parts["msgid"]] = "\0".join(
                value for key, value in sorted(parts.items()) if key.startswith("msgstr")
            )
    return found


def texts_of_the_site(folder: Path, *, packages: tuple[str, ...] = PACKAGES) -> set[str]:
    """Extract every marked text, from templates as Django reads them and from modules."""
    files = []
    for package in packages:
        files += [str(path) for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts]
        for path in sorted(
            {*(ROOT / package).rglob("templates/**/*.*"), *(ROOT / package).glob("**/*.html")}
        ):
            if path.suffix in {".html", ".txt", ".xml"}:
                copy = folder / f"{len(files)}.py"
                copy.write_text(templatize(path.read_text(), origin=str(path)))
                files.append(str(copy))
    return set(
        messages(subprocess.run([*XGETTEXT, *files], capture_output=True, text=True, check=True).stdout)
    )


def test_every_text_has_its_english(tmp_path: Path) -> None:
    texts = texts_of_the_site(tmp_path)
    assert len(texts) > 100, "the extraction found next to nothing"
    translated: dict[str, str] = {}
    for catalogue in CATALOGUES:
        translated |= messages(catalogue.read_text())
    missing = sorted(text for text in texts if not translated.get(text, "").replace("\0", "").strip())
    assert missing == []


def test_no_english_text_is_a_guess() -> None:
    assert [path for path in CATALOGUES if "#, fuzzy" in path.read_text()] == []


def test_a_text_is_the_same_english_in_every_package() -> None:
    seen: dict[str, tuple[str, str]] = {}
    for path in CATALOGUES:
        blocks = path.read_text(encoding="utf-8").split("\n\n")
        plain = "\n\n".join(block for block in blocks if "msgctxt" not in block)
        for text, english in messages(plain).items():
            package, known = seen.setdefault(text, (path.parts[-5], english))
            assert known == english, f"{text}: {known} in {package}, {english} in {path}"


def test_french_signs_stand_after_a_space_that_does_not_break(tmp_path: Path) -> None:
    """« : », « ; », « ! » and « ? » never open a line: the space before them is a no-break one."""
    texts = texts_of_the_site(tmp_path, packages=("dashboards", "capto/templates"))
    broken = [text for text in texts if any(f" {sign}" in text for sign in ":;!?»")]
    assert broken == []


@pytest.mark.parametrize("word", ["indice ATMO", "certifié", "certified"])
def test_no_text_claims_what_is_not_ours(word: str) -> None:
    pairs = [pair for path in CATALOGUES for pair in messages(path.read_text()).items()]
    assert len(pairs) > 100, "the catalogues hold next to nothing"
    assert not [text for pair in pairs for text in pair if word.lower() in text.lower()]
