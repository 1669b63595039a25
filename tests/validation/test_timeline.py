from itertools import pairwise

from capto.validation.timeline import FOREVER, Span, Stay, generic, overlay, spans

# A stay of hours 100 to 200 whose calibration 1 is valid until hour 600, and one of 400 to 500 with calibration 2.
FIRST = Stay(1, "linear", 100, 200, 100, 600)
SECOND = Stay(2, "linear", 400, 500, 400, 900)


def test_one_stay_serves_its_own_hours_then_provisional_ones_then_expired_ones() -> None:
    assert spans([FIRST]) == [
        Span(100, 200, 1, 0, "single", False),
        Span(200, 600, 1, 0, "single", True),
        Span(600, FOREVER, 1, 0, "none", True),
    ]


def test_hours_between_two_stays_rest_on_both() -> None:
    assert spans([SECOND, FIRST])[:3] == [
        Span(100, 200, 1, 0, "single", False),
        Span(200, 400, 1, 2, "bracketed", False),
        Span(400, 500, 2, 0, "single", False),
    ]


def test_a_second_stay_rescues_hours_whose_first_calibration_had_expired() -> None:
    late = Stay(2, "linear", 1000, 1100, 1000, 1500)
    assert Span(200, 1000, 1, 2, "bracketed", False) in spans([FIRST, late])


def test_a_loan_is_provisional_while_either_fit_is() -> None:
    (_, between, *_) = spans([FIRST, SECOND._replace(provisional=True)])
    assert between == Span(200, 400, 1, 2, "bracketed", True)


def test_two_methods_do_not_bracket() -> None:
    found = spans([FIRST._replace(valid_to=300), SECOND._replace(method="mlr_humidity")])
    assert found[1:3] == [Span(200, 300, 1, 0, "single", True), Span(300, 400, 1, 0, "none", True)]


def test_validity_granted_backwards_serves_hours_before_the_first_stay() -> None:
    assert spans([FIRST._replace(valid_from=50)])[0] == Span(50, 100, 1, 0, "single", True)


def test_of_two_stays_that_overlap_the_later_one_takes_over() -> None:
    found = spans([FIRST, Stay(2, "linear", 150, 250, 150, 650)])
    assert found[:2] == [Span(100, 150, 1, 0, "single", False), Span(150, 250, 2, 0, "single", False)]


def test_spans_never_overlap_and_leave_no_hole_after_the_first() -> None:
    found = spans([FIRST, SECOND, Stay(3, "mlr_humidity", 700, 800, 650, 1200)])
    assert all(one.end == other.begin for one, other in pairwise(found))


def test_without_a_stay_there_is_no_span() -> None:
    assert spans([]) == []


def test_a_correction_of_the_sensor_model_fills_what_own_stays_leave() -> None:
    shared = generic(Stay(9, "linear", 0, 0, 50, 700))
    assert overlay(spans([FIRST])[:2], shared) == [
        Span(50, 100, 9, 0, "generic", True),
        Span(100, 200, 1, 0, "single", False),
        Span(200, 600, 1, 0, "single", True),
        Span(600, 700, 9, 0, "generic", True),
    ]
    assert overlay([], shared) == shared
