"""How much of a period must be measured for its mean to stand for it."""

from typing import Final

COVERAGE_NEEDED: Final = 0.75  # 45 of 60 minutes, 18 of 24 hours, 6 of 8 hours; compared with >=
