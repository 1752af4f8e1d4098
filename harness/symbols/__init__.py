"""What libraries import and export, held against what they may.

`elf` reads a file's dynamic symbols and fails closed, `lists` reads allowlists, ``.ifs`` files and
version scripts, `scan` looks for system calls that bypass the list, `check` puts them together.
"""

from harness.symbols.check import Finding, Report, check_library, check_vdso
from harness.symbols.elf import DynamicFile, ElfError, Symbol, read_elf

__all__ = [
    "DynamicFile",
    "ElfError",
    "Finding",
    "Report",
    "Symbol",
    "check_library",
    "check_vdso",
    "read_elf",
]
