from __future__ import annotations

from typing import ClassVar

from django.db import models

from capto.readings.published_cell import square_of

KNOWN_WITHIN_M = 10_000  # a square is empty, not unknown, where the grid says something so near


class GridSquareQuerySet(models.QuerySet["GridSquare"]):
    def households_at(self, latitude: float, longitude: float) -> float | None:
        """Give the households of the square in which a position (degrees, WGS 84) lies; at most two queries.

        The grid leaves out squares in which nobody lives: those have 0. None where the grid was not imported here.
        """
        east, north = square_of(latitude, longitude)
        found = self.filter(east=east, north=north).values_list("households", flat=True).first()
        if found is not None:
            return found
        near = self.filter(
            east__range=(east - KNOWN_WITHIN_M, east + KNOWN_WITHIN_M),
            north__range=(north - KNOWN_WITHIN_M, north + KNOWN_WITHIN_M),
        )
        return 0.0 if near.exists() else None


class GridSquare(models.Model):
    """How many households live in one square of 200 m of Insee's grid (EPSG:3035), as its file says."""

    east = models.IntegerField()  # metres of the square's western edge
    north = models.IntegerField()  # metres of the square's southern edge
    households = models.FloatField()  # Insee spreads what is secret over several squares: not always whole

    objects: ClassVar[GridSquareQuerySet] = GridSquareQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["east", "north"], name="one_row_per_square_of_the_grid")
        ]

    def __str__(self) -> str:
        return f"N{self.north}E{self.east}"
