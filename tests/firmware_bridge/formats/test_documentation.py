import importlib
import re
from pathlib import Path

from firmware_bridge.formats import FORMATS, decoded

FOLDER = Path(importlib.import_module("firmware_bridge.formats").__file__).parent
README = (FOLDER / "README.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in README.splitlines()
    if re.match(r"\| `[a-z0-9_]+` \|", line)
]


def test_the_table_lists_every_format_once_and_no_other():
    assert [row[0].strip("`") for row in ROWS] == list(FORMATS)


def test_every_row_is_complete_and_says_its_evidence():
    for row in ROWS:
        assert len(row) == 6 and all(row), row[0]
        assert re.match(r"verified|doc", row[5]), row[0]


def test_the_transport_of_the_table_is_the_one_of_the_code():
    for row in ROWS:
        known = FORMATS[row[0].strip("`")]
        assert ("MQTT" in row[1]) == bool(known.topics), row[0]
        assert ("HTTP" in row[1] or "webhook" in row[1] or "InfluxDB" in row[1]) == bool(known.http_paths), (
            row[0]
        )


def test_a_stated_time_is_told_by_the_table_and_by_the_code():
    for row in ROWS:
        known = FORMATS[row[0].strip("`")]
        assert known.states_time == (not row[3].startswith("reception")), row[0]


def test_every_flag_is_explained():
    words = {
        value
        for name, value in vars(decoded).items()
        if name.isupper()
        and isinstance(value, str)
        and name not in ("CF1", "ATM", "NATIVE", "ONBOARD", "UNKNOWN")
    }
    assert words == set(re.findall(r"`([a-z_]+)`", README.split("**Flags**")[1].split("- **Time**")[0]))


def test_formats_are_in_files_of_their_names():
    assert all((FOLDER / f"{name}.py").exists() for name in FORMATS)
    assert all(known.name == name for name, known in FORMATS.items())
