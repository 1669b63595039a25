from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from capto.members.codes import (
    CHECK_SIGNS,
    Code,
    CodeKind,
    UnreadableCode,
    WrongCheckSign,
    new_codes,
    new_kit_code,
    read_code,
    write_code,
)

numbers = st.integers(min_value=1, max_value=999_999_999)
kinds = st.sampled_from(CodeKind)


def test_the_check_sign_is_the_one_worked_out_by_hand() -> None:
    # K is the 11th letter, 10 after A: 16 * 10 = 160; digits from the right 7*1 + 1*2 = 9; 169 mod 17 = 16: X
    assert write_code(CodeKind.KIT, 17) == "K-00017-X"
    # P: 16 * 15 = 240; 3*1 + 2*2 + 1*3 = 10; 250 mod 17 = 12: R
    assert write_code(CodeKind.PERSON, 123) == "P-00123-R"


@given(kind=kinds, number=numbers)
def test_what_is_written_is_read_back(kind: CodeKind, number: int) -> None:
    text = write_code(kind, number)
    assert read_code(text) == Code(kind, text)


@given(kind=kinds, number=numbers, data=st.data())
def test_one_wrong_digit_is_always_noticed(kind: CodeKind, number: int, data: st.DataObject) -> None:
    text = write_code(kind, number)
    place = data.draw(st.sampled_from([i for i, sign in enumerate(text) if sign.isdigit()]))
    wrong = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != text[place]]))
    with pytest.raises(WrongCheckSign):
        read_code(text[:place] + wrong + text[place + 1 :])


@given(number=numbers)
def test_two_neighbouring_digits_swapped_are_always_noticed(number: int) -> None:
    text = write_code(CodeKind.KIT, number)
    digits = text[2:-2]
    for place in range(len(digits) - 1):
        if digits[place] != digits[place + 1]:
            swapped = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
            with pytest.raises(WrongCheckSign):
                read_code(f"K-{swapped}-{text[-1]}")


@given(number=numbers)
def test_a_card_read_as_a_kit_is_noticed(number: int) -> None:
    with pytest.raises(WrongCheckSign):
        read_code("K" + write_code(CodeKind.PERSON, number)[1:])


@pytest.mark.parametrize(
    "typed",
    [
        "k-00017-x",
        "K00017X",
        " K 00017 X\n",
        "https://capto.exemple.org/k/K-00017-X",
        "K)ààà&è)X",  # a scanner with a US keyboard on a French one
        "HTTPSM!!CAPTO:EXE;PLE:ORG!K!K)ààà&è)X",
    ],
)
def test_the_reader_forgives_small_letters_spaces_addresses_and_french_keyboards(typed: str) -> None:
    assert read_code(typed).text == "K-00017-X"


def test_an_accessory_read_through_a_french_keyboard_is_an_accessory() -> None:
    text = write_code(CodeKind.ACCESSORY, 42)  # A is where Q is
    typed = text.translate(str.maketrans("A1234567890-", "Q&é\"'(-è_çà)"))
    assert read_code(typed) == Code(CodeKind.ACCESSORY, text)


@pytest.mark.parametrize("typed", ["", "3017620422003", "K-17", "Z-00017-T", "bonjour"])
def test_what_is_no_code_of_ours_is_unreadable(typed: str) -> None:
    with pytest.raises(UnreadableCode):
        read_code(typed)


def test_check_signs_stay_in_place_between_keyboards() -> None:
    assert not set(CHECK_SIGNS) & set("AQWZM") and len(set(CHECK_SIGNS)) == 17


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_twenty_threads_draw_distinct_codes() -> None:
    def draw(_n: int) -> list[str]:
        try:
            return [new_kit_code(), *new_codes(CodeKind.KIT, 5)]
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        codes = [code for drawn in threads.map(draw, range(20)) for code in drawn]
    assert len(set(codes)) == 120
