"""All rules, by their ids."""

from __future__ import annotations

from collections.abc import Mapping

from harness.rubric import (
    buffers,
    documentation,
    handles,
    naming,
    properties,
    results,
    types,
)
from harness.rubric.rule import Rule

RULES: Mapping[str, Rule] = {
    rule.id: rule
    for rule in sorted(
        (
            *naming.RULES,
            *types.RULES,
            *handles.RULES,
            *buffers.RULES,
            *results.RULES,
            *documentation.RULES,
            *properties.RULES,
        ),
        key=lambda rule: rule.id,
    )
}
