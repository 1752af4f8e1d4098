"""What tests of the agent share."""

from __future__ import annotations

from collections.abc import Callable

from harness.program.observation import ProgramObservation

#: Runs one program given as its steps and helper threads.
Run = Callable[..., ProgramObservation]
