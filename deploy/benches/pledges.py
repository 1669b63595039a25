"""Find who is held among a million conditional pledges: one JSON line per kind of vector.

`seconds` is the best of `runs`; `ratio_to_limit` that time over the second that the design allows, `ratio_to_sort` over
Python's own sort of the same vector in the same run.
"""

import json
import random
import time
from collections.abc import Callable

from dashboards.pledges import held

PLEDGES = 1_000_000
LIMIT_SECONDS = 1.0
RUNS = 3


def main() -> None:
    draw = random.Random(8)
    vectors = {
        "spread": [draw.randrange(1_500_000) for _ in range(PLEDGES)],
        "all alike": [PLEDGES - 1] * PLEDGES,
        "one beyond every word of the machine": [
            10**30,
            *(draw.randrange(PLEDGES) for _ in range(PLEDGES - 1)),
        ],
    }
    for kind, required in vectors.items():
        seconds = best(lambda required=required: held(required))
        line = {
            "bench": "pledges",
            "what": "held",
            "vector": kind,
            "pledges": PLEDGES,
            "held": sum(held(required)),
            "runs": RUNS,
            "seconds": round(seconds, 4),
            "ratio_to_limit": round(seconds / LIMIT_SECONDS, 4),
            "ratio_to_sort": round(seconds / best(lambda required=required: sorted(required)), 2),
        }
        print(json.dumps(line), flush=True)


def best(work: Callable[[], object]) -> float:
    """Give the shortest time of some runs, in seconds."""
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


if __name__ == "__main__":
    main()
