"""The published cell of a position: idempotent, stable, without chance (privacy rules of the design)."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from capto.readings.published_cell import published_cell

# Metropolitan France, roughly.
latitudes = st.floats(42.0, 51.0)
longitudes = st.floats(-4.5, 8.0)
sizes = st.sampled_from([100, 200, 250, 1000])


@given(latitudes, longitudes, sizes)
def test_the_centre_of_a_cell_gives_itself(latitude: float, longitude: float, size: int) -> None:
    cell = published_cell(latitude, longitude, size_m=size)
    assert published_cell(cell.latitude, cell.longitude, size_m=size) == cell


@given(latitudes, longitudes, sizes)
def test_a_position_is_at_most_half_a_diagonal_from_its_published_centre(
    latitude: float, longitude: float, size: int
) -> None:
    cell = published_cell(latitude, longitude, size_m=size)
    _, _, metres = Geod(ellps="GRS80").inv(longitude, latitude, cell.longitude, cell.latitude)
    # an equal-area projection stretches lengths by less than 2 % over France; 2 m for the rounding of the centre
    assert metres <= size / 2 * math.sqrt(2) * 1.02 + 2


def test_two_doors_of_one_building_publish_the_same_point() -> None:
    assert published_cell(45.18760, 5.72460, size_m=200) == published_cell(45.18763, 5.72465, size_m=200)


@pytest.mark.parametrize("position", [(48.85, 200.0), (-21.1, 55.5), (float("nan"), 2.0)])
def test_a_position_outside_the_grid_is_refused(position: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="outside the grid"):
        published_cell(*position, size_m=200)


def test_a_cell_without_size_is_refused() -> None:
    with pytest.raises(ValueError, match="must be positive"):
        published_cell(48.85, 2.35, size_m=0)
