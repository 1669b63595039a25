"""The management commands of ours, found without loading Django (which takes a second)."""

import ast
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("capto", "firmware_bridge", "dashboards")
LINE_CHARACTERS = 90


def command_files() -> Iterator[Path]:
    """Yield the files of our own management commands."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("management/commands/*.py"):
            if not path.stem.startswith("_"):
                yield path


def file_name(command: str) -> str | None:
    """Return the name that Django knows a command of ours by (`import-reference` is `import_reference`)."""
    name = command.replace("-", "_")
    return name if any(path.stem == name for path in command_files()) else None


def first_sentence(path: Path) -> str:
    """Return the first sentence of a command's help: of a literal, or of a constant of the same file."""
    texts: dict[str, str] = {}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = node.value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                texts[node.targets[0].id] = value.value
            elif isinstance(value, ast.Name) and value.id in texts:
                texts[node.targets[0].id] = texts[value.id]
    sentence = re.split(r"(?<=\.)\s|\n\n", texts.get("help", "").strip(), maxsplit=1)[0]
    return textwrap.shorten(sentence, LINE_CHARACTERS, placeholder=" ...")
