"""The built-in suite: programs of our own, one file per family, and recorded vectors.

The files beside this module are data in the exchange format; `vectors/` holds programs with the
result that a real Zircon kernel gave.
"""

from harness.suite.load import SuiteProgram, load_suite, load_vectors

__all__ = ["SuiteProgram", "load_suite", "load_vectors"]
