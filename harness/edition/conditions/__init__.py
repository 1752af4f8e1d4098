"""Named conditions of known differences: what a row of the table needs beyond call and status."""

from harness.edition.conditions import memory, messages, objects, waits
from harness.edition.conditions.registry import CONDITIONS, Condition

__all__ = ["CONDITIONS", "Condition", "memory", "messages", "objects", "waits"]
