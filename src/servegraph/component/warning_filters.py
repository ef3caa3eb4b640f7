"""Warning filters, as few as mean the same.

Python looks through all of them for a warning, and scikit-learn sets each of them anew for every tree of a forest, at
each call. With those that NumPy and SciPy bring along, a third of the call goes into that.
"""

import re
import warnings
from typing import Any, cast

Text = re.Pattern[str] | str | None
Filter = tuple[str, Text, Any, Text, int]
"""Action, message, category or several, module, line; as Python keeps it."""


def merge_warning_filters() -> None:
    """Put one filter in the place of neighbours that do the same to different categories, or to different messages.

    To be called when whatever sets filters was imported.
    """
    before = cast("list[Filter]", list(warnings.filters))
    after: list[Filter] = []
    for each in before:
        merged = _merged(after[-1], each) if after else None
        if merged is None:
            after.append(each)
        else:
            after[-1] = merged
    if len(after) < len(before):
        warnings.resetwarnings()  # what was decided by the former ones is forgotten, too
        cast("list[Filter]", warnings.filters).extend(after)


def _merged(first: Filter, second: Filter) -> Filter | None:
    """One filter for both; None where there is none."""
    action, message, category, module, line = first
    if (action, module, line) != (second[0], second[3], second[4]):
        return None
    if message is None and second[1] is None and module is None:
        return action, None, (*_several(category), *_several(second[2])), None, line
    if isinstance(message, re.Pattern) and isinstance(second[1], re.Pattern) and category is second[2]:
        either = _either(message, second[1])
        return either and (action, either, category, module, line)
    return None


def _several(category: Any) -> tuple[type[Warning], ...]:
    return category if isinstance(category, tuple) else (category,)


def _either(first: re.Pattern[str], second: re.Pattern[str]) -> re.Pattern[str] | None:
    """What begins as one of two texts; None where groups or flags within them could come to mean something else."""
    if first.flags != second.flags or "(" in first.pattern + second.pattern:
        return None
    return re.compile(f"{first.pattern}|{second.pattern}", first.flags)
