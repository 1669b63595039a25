"""The floor under everything: style, types, the import rule, migrations, translations and scripts hold."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NO_COLOR": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def assert_clean(*command: str | Path) -> None:
    done = run(*command)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def scripts() -> list[Path]:
    """Every tracked or new file of ours that bash runs."""
    named = run(
        "git", "ls-files", "--cached", "--others", "--exclude-standard", "deploy", ".ci"
    ).stdout.split()
    paths = [ROOT / name for name in named if (ROOT / name).is_file()]
    return [path for path in paths if path.read_bytes().startswith(b"#!/usr/bin/env bash")]


def test_the_code_follows_the_style() -> None:
    assert_clean(BIN / "ruff", "check", ".")


def test_the_types_hold() -> None:
    assert_clean(BIN / "mypy")


def test_imports_go_downwards() -> None:
    assert_clean(BIN / "lint-imports")


def test_every_model_has_its_migration(servers: None) -> None:
    assert_clean(sys.executable, "-m", "django", "makemigrations", "--check", "--dry-run")


def test_translations_compile() -> None:
    for catalogue in [
        p for f in ("capto", "firmware_bridge", "dashboards") for p in (ROOT / f).rglob("*.po")
    ]:
        assert_clean("msgfmt", "--check-format", "--output-file=/dev/null", catalogue)


def test_files_stay_short() -> None:
    folders = ("capto", "firmware_bridge", "calibration", "dashboards", "deploy")
    sources = [p for folder in folders for p in (ROOT / folder).rglob("*.py") if "migrations" not in p.parts]
    long = {str(p.relative_to(ROOT)): n for p in sources if (n := len(p.read_text().splitlines())) > 400}
    assert long == {}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a clone")
def test_nothing_unexpected_lies_at_the_top() -> None:
    named = run("git", "ls-files").stdout.splitlines()
    folders = {name.split("/")[0] for name in named if "/" in name}
    expected = {".ci", "calibration", "capto", "dashboards", "deploy", "firmware_bridge", "tests"}
    assert folders <= expected


def test_the_scripts_are_sound() -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed (deploy/setup --with-checks)")
    assert len(scripts()) >= 4
    assert_clean("shellcheck", *scripts())
