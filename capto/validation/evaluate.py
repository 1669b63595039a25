"""`capto evaluate`: hold sensors against a reference, from plain files, without a database or a server.

    capto evaluate SENSOR.csv [SENSOR2.csv ...] REFERENCE.csv --pollutant pm25 --json OUT.json

The last file is the reference. Figures are sensor against reference, in the unit of the files. Nothing that
is noticed removes a pair: checks, lag and missing-value codes are reported beside the figures.
"""

from __future__ import annotations

import argparse
import json
import sys
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import calibration
from capto.validation.device_report.content import SCHEMA, Examined, complete
from capto.validation.evaluation.figures import described, finite, one_sensor, together
from capto.validation.evaluation.sides import DECIMALS, DELIMITERS, read_side
from capto.validation.evaluation.text import as_text
from capto.validation.plain.cells import UnreadableFile

IDENTITY: Final = (
    ("device", "name of the device"),
    ("maker", "who makes it"),
    ("firmware", "its version of firmware"),
    ("question", "what the test is to answer"),
    ("payer", "who pays for the test"),
    ("site", "where it stood"),
    ("reference-instrument", "what measured the reference"),
)
ABOUT: Final = """\
Hold sensors against a reference, from plain files; no server, no account, nothing leaves this machine.

The last file is the reference. Figures are sensor against reference in the unit of the files; nothing that is
noticed removes a pair. Read are CSV in most dialects, Parquet, the French E2 file and AirNow's reference file.
"""
EPILOG: Final = """\
A file whose own step is one hour is taken as hourly means; finer ones are averaged where at least 75 % of the hour
is there (45 of 60 minutes); days need 18 hours.

examples:
  capto evaluate box.csv station.csv --pollutant pm25
  capto evaluate box1.csv box2.csv box3.csv station.csv --pollutant no2 --unit ppb --report out.pdf --language en
  capto evaluate box.csv FR_E2_2026-11-20.csv --pollutant pm10 --timezone Europe/Paris --hour-label end \\
    --reference-filter 'code site=FR15043' --json out.json
  capto evaluate both.csv both.csv --pollutant pm25 --value-column box --reference-value-column station
"""
UNITS: Final = ("ug/m3", "mg/m3", "ppb", "ppm")


def main(argv: Sequence[str] | None = None) -> int:
    """Evaluate files as the command line asks; return 0, or 2 with one sentence on what is wrong."""
    options = parser().parse_args(argv)
    try:
        examined = examine(options)
        if options.report:
            write_report(options.report, examined, language=options.language)
    except (UnreadableFile, OSError) as error:
        print(f"capto evaluate: {error}", file=sys.stderr)
        return 2
    report = examined.report
    if options.json:
        text = json.dumps(report, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
        try:
            if options.json == "-":
                print(text, end="")
            else:
                Path(options.json).write_text(text, encoding="utf-8")
        except OSError as error:
            print(f"capto evaluate: {options.json} cannot be written: {error.strerror}.", file=sys.stderr)
            return 2
    if options.json != "-":
        print(as_text(report))
        written = [name for name in (options.json, options.report) if name]
        if written:
            print(f"\nWritten: {', '.join(written)}")
    return 0


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    p = argparse.ArgumentParser(
        prog="capto evaluate",
        usage="capto evaluate SENSOR.csv [SENSOR2.csv ...] REFERENCE.csv --pollutant NAME [options]",
        description=ABOUT,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="sensor files, then the reference file"
    )
    what = p.add_argument_group("what is compared")
    what.add_argument(
        "--pollutant",
        required=True,
        type=code_of,
        metavar="NAME",
        help="pm25, pm10, pm1, no2, o3, no, co, so2, ...",
    )
    what.add_argument("--unit", default="ug/m3", choices=UNITS, help="unit of the files (default ug/m3)")
    what.add_argument(
        "--reference-unit", choices=UNITS, help="where it differs, the reference is converted to --unit"
    )
    out = p.add_argument_group("what is written")
    out.add_argument("--json", metavar="OUT", help="write the report as JSON ('-': to standard output)")
    out.add_argument("--report", metavar="OUT", help="write the report for people: OUT.html or OUT.pdf")
    out.add_argument("--language", choices=("fr", "en"), default="fr", help="of the report (default fr)")
    _reading(p)
    rules = p.add_argument_group("how it is compared")
    rules.add_argument(
        "--missing",
        action="append",
        default=None,
        metavar="CODE",
        help="number that means no value (default -200, -999, -9999; 'none': no number does)",
    )
    rules.add_argument(
        "--days",
        choices=("own", "paired"),
        default=None,
        help="build daily means from each side's own hours (default) or from the paired hours "
        "(default where both sides are columns of one file)",
    )
    rules.add_argument(
        "--between-references",
        type=float,
        default=0.0,
        metavar="U",
        help="standard uncertainty u(bs,RM) of the reference (default 0)",
    )
    rules.add_argument(
        "--corrected-column",
        default="",
        metavar="NAME",
        help="the maker's own corrected values; scored only from --scoring-from on",
    )
    rules.add_argument(
        "--scoring-from",
        metavar="DATE",
        help="corrections see only what is before this moment (ISO, UTC) and are scored after it; "
        "without it, on forward blocks",
    )
    told = p.add_argument_group("what the report says of the test")
    for name, meaning in IDENTITY:
        told.add_argument(f"--{name}", default="", metavar="TEXT", help=meaning)
    return p


def _reading(p: argparse.ArgumentParser) -> None:
    """Add the options that say how files are written, for the sensors' and for the reference."""
    for side, whose in (("", "of the sensor files"), ("reference-", "of the reference file")):
        default = "the sensors'" if side else "looked for"
        group = p.add_argument_group(f"how to read: {whose}")
        group.add_argument(
            f"--{side}time-column",
            action="append",
            default=[],
            metavar="NAME",
            help=f"twice where date and time stand apart (default: {default})",
        )
        group.add_argument(
            f"--{side}value-column", default="", metavar="NAME", help=f"the values (default: {default})"
        )
        group.add_argument(
            f"--{side}timezone",
            default=None,
            metavar="ZONE",
            help="of times that state none: Europe/Paris, UTC-5, ... "
            f"(default: {default if side else 'UTC'})",
        )
        group.add_argument(
            f"--{side}hour-label",
            choices=("begin", "end"),
            default=None,
            help=f"what names an hour in hourly files (default: {default if side else 'begin'})",
        )
        group.add_argument(
            f"--{side}filter",
            action="append",
            default=[],
            metavar="COLUMN=VALUE[|VALUE]",
            help="keep only such rows; may be given several times",
        )
        group.add_argument(
            f"--{side}date-order",
            choices=("auto", "dmy", "mdy"),
            default=None,
            help="of dates such as 03/04/2026 (default: found in the file)",
        )
        group.add_argument(
            f"--{side}delimiter",
            choices=tuple(DELIMITERS),
            default="auto",
            help="between columns (default: found in the file)",
        )
        group.add_argument(
            f"--{side}decimal",
            choices=tuple(DECIMALS),
            default="auto",
            help="decimal sign (default: found in the file)",
        )
        for name in ("humidity", "temperature"):
            group.add_argument(
                f"--{side}{name}-column", default="", metavar="NAME", help=f"{name}, for the residuals"
            )


def code_of(text: str) -> str:
    """Give the code of a pollutant however it is spelled.

    >>> [code_of(text) for text in ("PM2.5", "pm2,5", "PM10", "NO₂", "no2")]
    ['pm25', 'pm25', 'pm10', 'no2', 'no2']
    """
    plain = "".join(sign for sign in unicodedata.normalize("NFKC", text).lower() if sign.isalnum())
    if not plain:
        raise argparse.ArgumentTypeError("name a pollutant, such as pm25")
    return plain


def evaluate(options: argparse.Namespace) -> dict[str, Any]:
    """Read the files and give the whole report; raises UnreadableFile."""
    return examine(options).report


def examine(
    options: argparse.Namespace,
    *,
    own: Mapping[Path, argparse.Namespace] | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Examined:
    """Read the files and give the whole report with the means it was made of; raises UnreadableFile.

    own: options of single sensor files, where they are written otherwise than the others; progress: told, before each
    file, how many are read of how many.
    """
    if len(options.files) < 2:
        raise UnreadableFile("give at least one sensor file and, last, the reference file.")
    *sensor_files, reference_file = options.files
    progress(0, len(options.files))
    reference = read_side(options, reference_file, reference=True)
    sensors = []
    for number, path in enumerate(sensor_files, start=1):
        progress(number, len(options.files))
        sensors.append(read_side((own or {}).get(path, options), path, reference=False))
    found = [one_sensor(options, sensor, reference) for sensor in sensors]
    for entry, sensor in zip(found, sensors, strict=True):
        entry["name"] = (
            sensor.name if [s.name for s in sensors].count(sensor.name) == 1 else str(sensor.column.path)
        )
    report: dict[str, Any] = {
        "schema": SCHEMA,
        "pollutant": options.pollutant,
        "unit": options.unit,
        "code_version": calibration.CODE_VERSION,
        "reference": described(reference),
        "sensors": found,
    }
    if len(found) == 1:
        report |= {"hourly": found[0]["hourly"], "daily": found[0]["daily"]}
    else:
        report["together"] = {
            period: together([getattr(s, period) for s in sensors], getattr(reference, period))
            for period in ("hourly", "daily")
        }
    complete(report, options, sensors, reference)
    whole: dict[str, Any] = finite(report)
    return Examined(whole, sensors, reference)


def write_report(target: str, examined: Examined, *, language: str) -> None:
    """Write the report for people as one HTML file or as PDF, by the ending of the name; raises UnreadableFile."""
    path = Path(target)
    if path.suffix.lower() not in (".html", ".htm", ".pdf"):
        raise UnreadableFile(f"--report ends in .html or .pdf, not {path.name!r}.")
    from capto.validation.device_report.page import as_file, as_pdf  # drawn only where asked for

    html = as_file(examined, language=language)
    try:
        if path.suffix.lower() == ".pdf":
            path.write_bytes(as_pdf(html))
        else:
            path.write_text(html, encoding="utf-8")
    except OSError as error:
        raise UnreadableFile(f"{target} cannot be written: {error.strerror}.") from error


if __name__ == "__main__":
    sys.exit(main())
