"""Where conditions are known by their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from harness.compare import Difference
from harness.edition.view import StepView

#: A condition on a step and one of its differences.
Condition: TypeAlias = Callable[[StepView, Difference], bool]

#: Every condition by its name in the table.
CONDITIONS: Final[dict[str, Condition]] = {}


def condition(function: Condition) -> Condition:
    """Make *function* known to the table under its name."""
    CONDITIONS[function.__name__] = function
    return function
