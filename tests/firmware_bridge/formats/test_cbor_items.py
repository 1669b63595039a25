import pytest

from firmware_bridge.formats.cbor_items import load
from firmware_bridge.formats.decoded import Undecodable
from firmware_bridge.formats.numbers import GIVEN_TWICE


# Examples of RFC 8949, appendix A.
@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("00", 0),
        ("17", 23),
        ("1818", 24),
        ("1903e8", 1000),
        ("1a000f4240", 1_000_000),
        ("1bffffffffffffffff", 18446744073709551615),
        ("20", -1),
        ("3903e7", -1000),
        ("f90000", 0.0),
        ("f93c00", 1.0),
        ("f97bff", 65504.0),
        ("fa47c35000", 100000.0),
        ("fb3ff199999999999a", 1.1),
        ("fbc010666666666666", -4.1),
        ("f4", False),
        ("f5", True),
        ("f6", None),
        ("c11a514b67b0", 1363896240),  # a tag is passed over
        ("4401020304", b"\x01\x02\x03\x04"),
        ("6449455446", "IETF"),
        ("62c3bc", "ü"),
        ("83010203", [1, 2, 3]),
        ("8301820203820405", [1, [2, 3], [4, 5]]),
        ("a201020304", {1: 2, 3: 4}),
        ("a26161016162820203", {"a": 1, "b": [2, 3]}),
        ("9f018202039f0405ffff", [1, [2, 3], [4, 5]]),
        ("bf61610161629f0203ffff", {"a": 1, "b": [2, 3]}),
    ],
)
def test_the_examples_of_the_standard_are_read(data, value):
    found = load(bytes.fromhex(data))
    assert found == value and type(found) is type(value)


def test_a_key_given_twice_has_no_value():
    assert load(bytes.fromhex("a201020103")) == {1: GIVEN_TWICE}


@pytest.mark.parametrize(
    "data",
    [
        "",
        "18",
        "62c3",
        "62ffff",
        "8201",
        "a101",
        "1c",
        "5f42010243030405ff",
        "0000",
        "ff",
        "a18001",
        "81" * 20,
    ],
)
def test_what_is_no_item_is_undecodable(data):
    with pytest.raises(Undecodable):
        load(bytes.fromhex(data))
