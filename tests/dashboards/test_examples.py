"""The examples of /data/ are copied from the page and run as a reader would run them, against the real server.

Those in R are run where Rscript is installed. Elsewhere they are only read by the R lexer of Pygments, their brackets
are matched and their addresses are asked: that proves less, and the name of the test says so.
"""

import csv
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import requests
from django.utils import timezone
from pygments.lexers import get_lexer_by_name
from pygments.token import Error, Punctuation

from tests.dashboards.conftest import City

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


class Examples(HTMLParser):
    """Gathers what stands in `<pre data-language>`, by language."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {}
        self._language: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "pre":
            self._language = dict(attrs).get("data-language")
            if self._language:
                self.found.setdefault(self._language, []).append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "pre":
            self._language = None

    def handle_data(self, data: str) -> None:
        if self._language:
            self.found[self._language][-1] += data


@pytest.fixture
def page(live_server: Any) -> dict[str, list[str]]:
    """The examples of the page of a school whose two last days are 12 µg/m³, and of one of grade C."""
    city = City()
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    long_ago = now - timedelta(days=20)
    city.hours(city.place("École du Parc", kind="school", starts_at=long_ago), [12.0] * 72, end=now)
    city.hours(city.place("École du Lac", kind="school", starts_at=long_ago), [40.0] * 72, end=now, grade="C")
    answer = requests.get(f"{live_server.url}/data/", cookies={"django_language": "en"}, timeout=20)
    examples = Examples()
    examples.feed(answer.text)
    return examples.found


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_curl_and_python_example_runs(page: dict[str, list[str]], tmp_path: Path) -> None:
    first, things, latest = (run(["bash", "-euo", "pipefail", "-c", code], tmp_path) for code in page["curl"])
    assert first.strip() == "304"
    assert len((tmp_path / "capto.csv").read_text().splitlines()) == 1 + 2 * 24
    assert things.count('"Locations":') == 2
    assert '"value": 12.0' in latest and '"value": 40.0' not in latest  # a study takes A and B alone
    said = [run([sys.executable, "-c", code], tmp_path) for code in page["python"]]
    assert "12.0" in said[0] and "40.0" not in said[0]
    assert said[1].count("26.0") == 24  # the median of 12 and 40, at each hour of a day
    assert said[2].split() == ["12", "40.0"]
    assert said[3].startswith("{'B'} ")


def test_the_formula_for_spreadsheets_names_the_columns_that_it_means(
    page: dict[str, list[str]], live_server: Any
) -> None:
    (formula,) = page["spreadsheet"]
    found = re.fullmatch(r'=AVERAGEIFS\((.):\1,(.):\2,"pm25",(.):\3,"B"\)', formula)
    assert found
    address = re.search(r'"(http[^"]+hourly.csv[^"]+)"', page["curl"][0])
    assert address
    rows = list(csv.reader(requests.get(address[1], timeout=20).text.splitlines()))
    letters = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", rows[0], strict=False))
    assert [letters[letter] for letter in found.groups()] == ["value", "quantity", "grade"]
    # What AVERAGEIFS does, on the file as the stated settings read it.
    meant = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    values = [float(r["value"]) for r in meant if (r["quantity"], r["grade"]) == ("pm25", "B")]
    assert sum(values) / len(values) == 12.0
    assert len(values) == 24


def test_the_examples_in_r_run_or_at_least_can_be_read_and_their_addresses_answer(
    page: dict[str, list[str]], tmp_path: Path
) -> None:
    rscript = shutil.which("Rscript")
    assert len(page["r"]) == 2
    for code in page["r"]:
        needs = re.findall(r"(\w+)::", code)
        there = rscript and all(
            subprocess.run([rscript, "-e", f"library({name})"], capture_output=True, check=False).returncode == 0
            for name in needs
        )  # fmt: skip
        if there:
            assert rscript
            assert "12" in run([rscript, "-e", code], tmp_path)
            continue
        tokens = list(get_lexer_by_name("r").get_tokens(code))
        assert not [text for kind, text in tokens if kind is Error]
        marks = "".join(text for kind, text in tokens if kind in Punctuation and text in "()[]{}")
        while (fewer := re.sub(r"\(\)|\[\]|\{\}", "", marks)) != marks:
            marks = fewer
        assert marks == ""
        for address in re.findall(r'"(http[^"]+)"', code):
            assert requests.get(address, timeout=20).status_code == 200
        columns = set(re.findall(r"\b(grade|quantity|value|place_id|expanded_uncertainty)\b", code))
        assert columns, "the example names columns of the file"
