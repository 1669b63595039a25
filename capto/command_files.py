"""The management commands of ours, found without loading Django (which takes a second)."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("capto", "firmware_bridge", "dashboards")


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
    """Return the first sentence of a command's help."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == "help" for t in node.targets
        ):
            try:
                text = str(ast.literal_eval(node.value))
            except ValueError:
                continue
            first, stop, _ = text.partition(". ")
            return first + ("." if stop else "")
    return ""
