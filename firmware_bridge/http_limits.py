"""How much one sensor may post: a bucket of tokens for each credential, in each web process."""

import math
import threading

PER_S = 5.0  # posts a second in the long run; a device sends one a minute, a streaming one a second
AT_ONCE = 300.0  # posts that a device may send when it catches up
MOST_BUCKETS = 100_000


class Limits:
    """Say how long a credential must wait. Each web process counts for itself: with n of them, n times as much."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[int, tuple[float, float]] = {}

    def wait_s(self, credential_id: int, *, now: float) -> int:
        """Take one token at `now` (monotonic seconds); 0 where there was one, else whole seconds until there is."""
        with self._lock:
            if len(self._buckets) >= MOST_BUCKETS:
                self._buckets.clear()
            tokens, at = self._buckets.get(credential_id, (AT_ONCE, now))
            tokens = min(AT_ONCE, tokens + (now - at) * PER_S)
            if tokens < 1.0:
                self._buckets[credential_id] = tokens, now
                return math.ceil((1.0 - tokens) / PER_S)
            self._buckets[credential_id] = tokens - 1.0, now
            return 0
