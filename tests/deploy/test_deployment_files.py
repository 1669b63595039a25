"""The files for a server of one's own: read by the programs that will read them, and where possible run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "deploy"
MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
PASSWORD = "a-password-of-the-test"
EXPOSURE = 20  # tenths of systemd's exposure level, 0 (safe) to 100: what `systemd-analyze security` calls OK


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


@needs("docker-compose")
def test_the_compose_file_is_valid_and_refuses_to_start_without_its_secrets(tmp_path: Path) -> None:
    command = ["docker-compose", "-f", str(DEPLOY / "compose.yaml")]
    example = ["--env-file", str(DEPLOY / "compose.env.example")]
    filled = subprocess.run([*command, *example, "config", "-q"], capture_output=True, text=True)
    assert filled.returncode == 0, filled.stderr
    nothing = tmp_path / "empty.env"
    nothing.touch()
    empty = subprocess.run(
        [*command, "--env-file", str(nothing), "config", "-q"], capture_output=True, text=True
    )
    assert empty.returncode != 0
    assert "set it in deploy/.env" in empty.stderr


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The systemd units with /opt/capto replaced by this installation, whose programs exist."""
    folder = tmp_path / "units"
    shutil.copytree(DEPLOY / "systemd", folder)
    for path in folder.rglob("*"):
        if path.is_file():
            text = path.read_text().replace("/opt/capto/.venv/bin", str(Path(sys.executable).parent))
            path.write_text(text.replace("/opt/capto/", f"{ROOT}/"))
    return folder


@needs("systemd-analyze")
def test_systemd_accepts_the_units(units: Path) -> None:
    names = sorted(p.name for p in units.iterdir() if p.suffix in {".service", ".timer", ".target"})
    assert len(names) == 8
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(units / name) for name in names)],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:"},
        capture_output=True,
        text=True,
    )
    assert [line for line in done.stderr.splitlines() if str(units) in line or "capto" in line] == []
    assert done.returncode == 0, done.stderr


@needs("systemd-analyze")
@pytest.mark.parametrize("name", ["web", "bridge", "worker", "migrate", "backup"])
def test_the_units_may_do_little_more_than_they_must(units: Path, name: str) -> None:
    # Offline, systemd-analyze reads no drop-in: the unit is given with its drop-in's lines.
    unit = units / f"capto-{name}.service"
    hardened = (units / "capto-.service.d" / "10-hardened.conf").read_text().partition("[Service]\n")[2]
    unit.write_text(unit.read_text().replace("[Service]\n", f"[Service]\n{hardened}"))
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", str(unit)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


def test_every_variable_of_the_examples_is_read_by_something() -> None:
    sources = [*ROOT.glob("capto/*.py"), ROOT / "capto" / "processes" / "broker_accounts.py"]
    sources += [DEPLOY / "compose.yaml", DEPLOY / "Caddyfile"]
    readers = "".join(path.read_text() for path in sources)
    for example in (DEPLOY / "compose.env.example", DEPLOY / "systemd" / "capto.env.example"):
        for variable in re.findall(r"^([A-Z_]+)=", example.read_text(), re.MULTILINE):
            assert variable in readers, f"{variable} of {example.name}"


@needs("caddy")
def test_caddy_accepts_the_proxy_configuration() -> None:
    done = subprocess.run(
        ["caddy", "validate", "--adapter", "caddyfile", "--config", str(DEPLOY / "Caddyfile")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_the_container_broker_has_the_limits_of_all_others() -> None:
    limits = (DEPLOY / "mosquitto" / "limits.conf").read_text()
    assert limits in (DEPLOY / "mosquitto" / "container.conf").read_text()
