"""Run `capto evaluate` on files, as a test does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from capto.validation.evaluate import main

HOURS = pd.date_range("2026-01-01", periods=96, freq="h", tz="UTC")
TRUTH = 20.0 + 10.0 * np.sin(np.arange(96.0) / 7.0)


def write(path: Path, values: np.ndarray, *, times: Any = HOURS, text: str = "time,value\n") -> Path:
    path.write_text(
        text + "".join(f"{t},{v}\n" for t, v in zip(times, values, strict=True)), encoding="utf-8"
    )
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    assert main([str(a) for a in arguments] + ["--json", "-"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main([str(a) for a in arguments]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("capto evaluate: ")
    return lines[0]
