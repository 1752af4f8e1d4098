"""R28: what is a property, and what is information."""

from __future__ import annotations

from collections.abc import Iterator

from harness.rubric.rule import Interface, Rule


def _is_information(interface: Interface) -> Iterator[tuple[str, str]]:
    for item in interface.properties:
        if not item.settable and len(item.objects) == 1:
            yield item.name, f"it is read-only and only a {item.objects[0]} has it"


RULES = (
    Rule(
        "R28",
        "should",
        "A property can be set, or several types of objects have it; all else is information.",
        "Make it a topic of zx_object_get_info.",
        good=(),
        bad=(),
        check_whole=_is_information,
    ),
)
