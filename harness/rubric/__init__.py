"""The Zircon System Interface Rubric as a linter for system-call interfaces.

`rule` has the vocabulary; `naming`, `types`, `handles`, `buffers`, `results`, `properties` and
`documentation` hold the rules by family; `exceptions` the list of known violations with their
reasons; `check` applies them and `formats` tells what came of it.  Interfaces come from `ours`,
`header` and `abi_file`; `annotated` and `pages` write ours as a C header and as documentation.
"""

from harness.rubric.check import Result, check_interface
from harness.rubric.rule import Finding, Interface, Rule
from harness.rubric.rules import RULES

__all__ = ["RULES", "Finding", "Interface", "Result", "Rule", "check_interface"]
