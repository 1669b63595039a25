"""The E2 rows quoted here are those of the public sample (Metz-Centre, FR01011) or variations of them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from capto.readings import lcsqa
from capto.readings.reference_hour import BadLine, NotAReferenceFile, ReferenceHour, Station

NOW = datetime(2026, 11, 21, tzinfo=UTC)
SHARED = Path(__file__).parents[3] / "shared" / "data" / "french_reference"
HEADER = (
    "Date de début;Date de fin;Organisme;code zas;Zas;code site;nom site;type d'implantation;Polluant;"
    "type d'influence;discriminant;Réglementaire;type d'évaluation;procédure de mesure;type de valeur;valeur;"
    "valeur brute;unité de mesure;taux de saisie;couverture temporelle;couverture de données;code qualité;validité"
)


def row(
    *,
    at: str = "2026/03/29 00:00:00",
    until: str = "2026/03/29 01:00:00",
    pollutant: str = "NO2",
    value: str = "15",
    exact: str = "14.975",
    unit: str = "µg-m3",
    validity: str = "1",
    station: str = "FR01011",
) -> str:
    return (
        f"{at};{until};ATMO GRAND EST;FR44ZAG02;ZAG METZ;{station};Metz-Centre;Urbaine;{pollutant};Fond;B;Oui;"
        f"mesures fixes;proc;moyenne horaire brute;{value};{exact};{unit};;;;A;{validity}"
    )


def read(*rows: str, header: str = HEADER) -> list[ReferenceHour | BadLine]:
    return list(lcsqa.read("\n".join([header, *rows]).encode(), now=NOW))


def only(*rows: str) -> ReferenceHour | BadLine:
    (found,) = read(*rows)
    return found


def hour(*rows: str) -> ReferenceHour:
    found = only(*rows)
    assert isinstance(found, ReferenceHour), found
    return found


def reason(*rows: str) -> str:
    found = only(*rows)
    assert isinstance(found, BadLine), found
    return found.reason


def test_the_unrounded_value_is_preferred_and_the_rounded_one_kept() -> None:
    assert hour(row()) == ReferenceHour(
        2,
        Station("FR01011", "Metz-Centre", "ATMO GRAND EST", "Urbaine", "Fond"),
        "no2",
        "B",
        datetime(2026, 3, 29, tzinfo=UTC),
        14.975,
        15.0,
        1,
        "moyenne horaire brute",
        "A",
    )
    assert hour(row(exact="")).value == 15.0


def test_quoted_and_unquoted_slashes_and_dashes_with_and_without_bom_give_the_same_row() -> None:
    plain = hour(row())
    quoted = ";".join(f'"{field}"' if field else "" for field in row().split(";"))
    dashed = row().replace("2026/03/29", "2026-03-29")
    for text in (quoted, dashed, quoted + "\r"):
        assert only(text) == plain
    with_bom = b"\xef\xbb\xbf" + f"{HEADER}\r\n{quoted}\r\n".encode()
    assert list(lcsqa.read(with_bom, now=NOW)) == [plain]


def test_a_file_in_windows_1252_is_read() -> None:
    assert list(lcsqa.read(f"{HEADER}\n{row()}".encode("cp1252"), now=NOW)) == [hour(row())]


def test_columns_are_found_by_name_in_any_order() -> None:
    names, fields = HEADER.split(";"), row().split(";")
    assert read(";".join(reversed(fields)), header=";".join(reversed(names))) == [hour(row())]


@pytest.mark.parametrize(("code", "value"), [("1", 14.975), ("2", 14.975), ("3", 14.975), ("4", 14.975)])
def test_validity_1_to_4_is_kept(code: str, value: float) -> None:
    assert (hour(row(validity=code)).value, hour(row(validity=code)).validity) == (value, int(code))


@pytest.mark.parametrize("code", ["-1", "-99"])
def test_an_hour_that_is_not_valid_has_no_value(code: str) -> None:
    assert hour(row(validity=code, value="", exact="")).value is None
    assert hour(row(validity=code)).value is None


def test_a_negative_value_is_kept() -> None:
    assert hour(row(pollutant="NO", value="-0.8", exact="-0.8")).value == -0.8


def test_units_become_micrograms_but_milligrams_for_carbon_monoxide() -> None:
    assert hour(row(pollutant="CO", unit="mg-m3", value="0.3", exact="0.31")).value == 0.31
    assert hour(row(pollutant="CO", unit="µg/m3", exact="310")).value == pytest.approx(0.31)
    assert hour(row(unit="mg-m3", exact="0.014975")).value == pytest.approx(14.975)
    assert hour(row(unit="\u03bcg/m³")).value == 14.975


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (row(unit="ppb"), "unknown unit 'ppb'"),
        (row(pollutant="Rn222"), "unknown pollutant 'Rn222'"),
        (row(value="", exact=""), "a valid hour without a value"),
        (row(exact="14,975"), "'14,975' is not a number"),
        (row(exact="NaN"), "'NaN' is not a number"),
        (row(validity="7"), "unknown validity code 7"),
        (row(validity=""), "validity '' is not a number"),
        (row(at="29/03/2026 00:00"), "'29/03/2026 00:00' is not a date YYYY/MM/DD HH:MM:SS"),
        (row(until="2026/03/30 00:00:00"), "the period lasts 1 day, 0:00:00, not one hour"),
        (
            row(at="2026/03/29 00:30:00", until="2026/03/29 01:30:00"),
            "the period starts at 00:30:00, not at a full hour",
        ),
        (
            row(at="2106/02/07 06:00:00", until="2106/02/07 07:00:00"),
            "the hour 2106-02-07 06:00 is in the future",
        ),
        (row(station=""), "no station code"),
        ("2026/03/29 00:00:00;half a line", "2 columns where the header has 23"),
    ],
)
def test_a_bad_line_says_what_is_wrong(text: str, expected: str) -> None:
    assert reason(text) == expected


def test_a_bad_line_has_its_number_and_does_not_stop_the_file() -> None:
    unclosed = '"' + row()
    found = read(row(), unclosed, "", row(at="2026/03/29 01:00:00", until="2026/03/29 02:00:00"))
    assert [type(item) for item in found] == [ReferenceHour, BadLine, ReferenceHour]
    assert [item.line for item in found] == [2, 3, 5]


def test_the_same_hour_twice_is_one_row_and_two_values_for_it_are_a_bad_line() -> None:
    assert len(read(row(), row())) == 1
    assert read(row(), row(exact="16.0"))[1] == BadLine(
        3, "the same hour was given on line 2 with another value"
    )


def test_another_file_is_refused_as_a_whole() -> None:
    with pytest.raises(NotAReferenceFile, match="no column Date de début"):
        read("1;2", header="time;value")
    with pytest.raises(NotAReferenceFile):
        list(lcsqa.read(b"", now=NOW))


@pytest.mark.parametrize("day", ["2026/03/29", "2025/10/26"])
def test_the_days_when_clocks_change_have_24_hours(day: str) -> None:
    rows = [
        row(at=f"{day} {hour:02}:00:00", until=f"{day} {hour + 1:02}:00:00", exact=str(hour))
        for hour in range(23)
    ]
    following = "2026/03/30" if day == "2026/03/29" else "2025/10/27"
    rows.append(row(at=f"{day} 23:00:00", until=f"{following} 00:00:00", exact="23"))
    found = [item for item in read(*rows) if isinstance(item, ReferenceHour)]
    assert [item.hour.hour for item in found] == list(range(24))
    assert len({item.hour for item in found}) == 24


@pytest.mark.skipif(not SHARED.exists(), reason="the shared samples are not on this machine")
def test_the_public_samples_are_read() -> None:
    old = list(lcsqa.read((SHARED / "FR_E2_2021-10-22_extrait.csv").read_bytes(), now=NOW))
    values = [item.value for item in old if isinstance(item, ReferenceHour)]
    assert (len(values), values[0], values[2]) == (7, 1.1, None)
    new = list(lcsqa.read((SHARED / "FR_E2_2026_forme_actuelle.csv").read_bytes(), now=NOW))
    assert [
        (item.quantity, item.value, item.validity) for item in new if isinstance(item, ReferenceHour)
    ] == [
        ("no2", 14.975, 1),
        ("pm25", 8.2, 1),
        ("no", -0.8, 1),
        ("o3", 70.9, 4),
        ("pm10", None, -1),
    ]
    export = (SHARED / "geodair_api_export_exemple.csv").read_bytes()
    (passy,) = lcsqa.read(export, now=NOW)
    assert isinstance(passy, ReferenceHour)
    assert (passy.station, passy.value, passy.rounded_value, passy.discriminant) == (
        Station("FR33220", "PASSY", latitude=45.92361, longitude=6.713611),
        5.66666667,
        5.7,
        "",
    )
    assert lcsqa.is_geodair(export)
    assert not lcsqa.is_geodair((SHARED / "FR_E2_2026_forme_actuelle.csv").read_bytes())
