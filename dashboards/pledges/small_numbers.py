"""Counts of people that may be shown: never of fewer than k, and none from which such a count follows.

Pure: numbers in, numbers out.
"""

from collections.abc import Hashable, Mapping
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)


def shown(counts: Mapping[Name, int], *, k: int) -> dict[Name, int | None]:
    """Give each count, or None where it may not be shown beside the total of all.

    A count of fewer than k people is hidden. The hidden ones together follow from the total by subtraction: where they
    are fewer than k, the smallest of the others is hidden with them.

    >>> shown({"Crolles": 4, "Meylan": 5, "Grenoble": 30}, k=5)
    {'Crolles': None, 'Meylan': None, 'Grenoble': 30}
    >>> shown({"Crolles": 4, "Meylan": 3, "Grenoble": 30}, k=5)
    {'Crolles': None, 'Meylan': None, 'Grenoble': 30}
    >>> shown({"Meylan": 5, "Grenoble": 30}, k=5)
    {'Meylan': 5, 'Grenoble': 30}
    """
    visible = {name for name, count in counts.items() if count >= k}
    hidden = sum(count for name, count in counts.items() if name not in visible)
    while 0 < hidden < k and visible:
        smallest = min(visible, key=lambda name: (counts[name], str(name)))
        visible.remove(smallest)
        hidden += counts[smallest]
    return {name: count if name in visible else None for name, count in counts.items()}


def part(of_total: int, total: int, *, k: int) -> int | None:
    """Give the size of a part beside its total, None where it or the rest is fewer than k people.

    >>> part(98, 100, k=5), part(95, 100, k=5), part(100, 100, k=5), part(3, 100, k=5), part(0, 100, k=5)
    (None, 95, 100, None, 0)
    """
    rest = total - of_total
    if of_total == 0 or rest == 0:
        return of_total if total >= k or total == 0 else None
    return of_total if of_total >= k and rest >= k else None


def stepped(now: int, before: int | None, *, k: int) -> int | None:
    """Give the count to show where another was shown before: it moves by k people or more, or not at all.

    Else two readings of a page, before and after one person came, would say where that person lives.

    >>> stepped(4, None, k=5), stepped(7, None, k=5), stepped(9, 7, k=5), stepped(12, 7, k=5), stepped(2, 7, k=5)
    (None, 7, 7, 12, None)
    """
    if now < k:
        return None
    if before is None or abs(now - before) >= k:
        return now
    return before
