"""deploy/setup: again at no cost, the one command said where it has no right, and what it brought is right."""

import json
import os
import re
import shutil
import subprocess
import time
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
VENDOR = ROOT / "capto" / "static" / "vendor"
Ring = list[tuple[float, float]]


def setup(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ROOT / "deploy" / "setup", *arguments], capture_output=True, text=True)


def test_a_second_set_up_changes_nothing_and_costs_nothing() -> None:
    setup()
    stamps = {p: p.stat().st_mtime_ns for p in (ROOT / ".venv" / "setup").iterdir()}
    began = time.process_time(), os.times().children_user + os.times().children_system
    done = setup()
    spent = os.times().children_user + os.times().children_system - began[1]
    assert done.returncode == 0
    assert len(done.stderr.splitlines()) == 1 and "all is there" in done.stderr
    assert {p: p.stat().st_mtime_ns for p in (ROOT / ".venv" / "setup").iterdir()} == stamps
    assert spent < 1.0  # seconds of processor, whatever else the machine does


def test_an_unknown_option_is_refused() -> None:
    done = setup("--nonsense")
    assert done.returncode == 1 and "unknown option '--nonsense'" in done.stderr


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs root for a mount of its own"
)
def test_without_root_the_one_command_is_said(tmp_path: Path) -> None:
    reachable = subprocess.run(
        [
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            "test",
            "-r",
            ROOT / "deploy" / "setup",
        ]
    )
    if reachable.returncode:
        pytest.skip("an ordinary user cannot read this folder")
    empty = tmp_path / "empty"
    empty.mkdir()
    # /usr/sbin, where Mosquitto is, hidden from one ordinary user's view.
    script = (
        f"mount --bind {empty} /usr/sbin && exec setpriv --reuid=65534 --regid=65534 --clear-groups "
        f"env -i PATH=/usr/local/bin:/usr/bin:/bin {ROOT}/deploy/setup --system"
    )
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    if "unshare" in done.stderr:
        pytest.skip("no mount namespaces here")
    assert done.returncode == 1
    assert "missing: the system package mosquitto" in done.stderr
    assert f"sudo {ROOT}/deploy/setup --system\n" in done.stderr


def test_every_dependency_is_pinned_and_no_index_is_named() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(d for extra in project["optional-dependencies"].values() for d in extra),
    ]
    names = {normal(re.split(r"[\[<>=!~; ]", d)[0]) for d in wanted}
    constraints = (ROOT / "deploy" / "constraints.txt").read_text()
    pinned = {normal(line.split("==")[0]) for line in constraints.splitlines() if "==" in line}
    assert names - pinned == set()
    for text in (constraints, (ROOT / "deploy" / "package-lock.json").read_text()):
        assert "://" not in text and "resolved" not in text


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()  # PEP 503


def test_every_library_of_the_pages_has_its_licence() -> None:
    folders = [path for path in VENDOR.iterdir() if path.is_dir()]
    assert len(folders) == 6
    for folder in folders:
        assert any(p.name.upper().startswith("LICEN") and p.stat().st_size > 100 for p in folder.iterdir()), (
            folder
        )


def contains(ring: Ring, x: float, y: float) -> bool:
    """Whether a point lies in a ring, by the number of edges east of it (even-odd rule)."""
    inside = False
    for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


@pytest.mark.parametrize(
    ("place", "east", "north", "is_inside"),
    [
        ("Paris", 2.3522, 48.8566, True),
        ("Grenoble", 5.7245, 45.1885, True),
        ("Strasbourg", 7.7455, 48.5839, True),
        ("Corte, on Corsica", 9.1490, 42.3094, True),
        ("London", -0.1276, 51.5072, False),
        ("Turin", 7.6869, 45.0703, False),
        ("the sea off Nice", 7.5, 43.3, False),
    ],
)
def test_the_outline_of_france_is_france(place: str, east: float, north: float, is_inside: bool) -> None:
    feature = json.loads((VENDOR / "outline" / "france.json").read_text())
    polygons = feature["geometry"]["coordinates"]
    rings: list[Ring] = [[(x, y) for x, y in polygon[0]] for polygon in polygons]
    assert any(contains(ring, east, north) for ring in rings) is is_inside
    for ring in rings:
        assert ring[0] == ring[-1]  # GeoJSON, RFC 7946, 3.1.6


def test_communes_have_their_codes_names_and_people() -> None:
    communes = {row["code"]: row for row in json.loads((VENDOR / "communes" / "communes.json").read_text())}
    assert 34_800 < len(communes) < 35_100  # 34,9xx communes of today, by Insee's code
    assert communes["75056"]["nom"] == "Paris" and communes["75056"]["population"] > 2_000_000
    assert communes["38185"]["nom"] == "Grenoble" and "38000" in communes["38185"]["codesPostaux"]
