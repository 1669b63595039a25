"""deploy/bench: servers of its own that wait for the disk, and nothing but JSON lines on standard output."""

import importlib.util
import json
import time
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
TRIAL = '''"""Say which servers there are."""
import json, os, sys
import psycopg
print("this is not a result")
with psycopg.connect(os.environ["CAPTO_DATABASE_URL"]) as connection:
    fsync, = connection.execute("SHOW fsync").fetchone()
    people, = connection.execute("SELECT count(*) FROM members_person").fetchone()
print(json.dumps({"bench": "trial", "fsync": fsync, "people": people, "options": sys.argv[1:]}))
'''


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("capto_bench", ROOT / "deploy" / "bench.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "BENCHES", tmp_path)
    for name in ("CAPTO_RUN", "CAPTO_DATABASE_URL", "CAPTO_MQTT_URL", "CAPTO_MQTT_PUBLISHER_URL"):
        monkeypatch.delenv(name, raising=False)
    return module


def test_only_json_lines_reach_the_standard_output(
    bench: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "trial.py").write_text(TRIAL)
    assert bench.main(["trial", "--size", "3"]) == 0
    out, err = capfd.readouterr()
    assert [json.loads(line) for line in out.splitlines()] == [
        {"bench": "trial", "fsync": "on", "people": 0, "options": ["--size", "3"]}
    ]
    assert "this is not a result" in err


def test_a_bench_that_does_not_end_is_ended(
    bench: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "endless.py").write_text("import time; time.sleep(600)")
    monkeypatch.setattr(bench, "LIMIT_SECONDS", 8)
    began = time.monotonic()
    assert bench.main(["endless"]) == 124
    assert time.monotonic() - began < 300  # and not the 600 that it wanted


def test_benches_are_listed_with_their_first_line(
    bench: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "trial.py").write_text(TRIAL)
    assert bench.main([]) == 0
    assert "trial         Say which servers there are." in capfd.readouterr().out
    assert bench.main(["nothing"]) == 2
