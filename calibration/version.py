"""The version of the method."""

from typing import Final

CODE_VERSION: Final = "1.0"  # raised whenever the same inputs could give another published number
