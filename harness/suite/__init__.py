"""The built-in suite: programs of our own, one file per family, and recorded vectors.

The files beside this module are data in the exchange format; `vectors/` holds programs with the
result that a real Zircon kernel gave.

A note that ends in "behaviour" and a number shows that entry of the list of behaviours taken from
Zircon's own core tests.
"""

from harness.suite.load import SuiteProgram, load_suite, load_vectors

__all__ = ["SuiteProgram", "load_suite", "load_vectors"]
