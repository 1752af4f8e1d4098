"""What every target offers."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from harness.program.model import Arch, Program, Step
from harness.program.observation import ProgramObservation, StepObservation


class Session(Protocol):
    """A program that is fed step by step; its slots and buffers live until it is closed."""

    def step(self, step: Step) -> StepObservation:
        """Run one step and return what was seen."""

    def close(self) -> None:
        """End the program's process and drop everything it made."""


@runtime_checkable
class Announced(Protocol):
    """A target that runs everything at once if it is told before; each reset is a boot."""

    def expect(self, programs: Sequence[Program]) -> None:
        """Say what `Target.start` will bring."""


@runtime_checkable
class TimeLimited(Protocol):
    """A target whose programs can be given less time than they usually have."""

    def limit_time(self, limit_ns: int) -> None:
        """From the next batch on end programs that run longer."""


class Target(Protocol):
    """A place that runs programs."""

    #: Name on the command line and in reports: "host", "x86_64", "arm64".
    name: str
    #: Which variant of per-architecture numbers programs get.
    arch: Arch
    #: Whether threads run machine code there, or only the steps of programs.
    runs_code: bool

    def missing_calls(self) -> frozenset[str]:
        """Functions of the ABI (and zxio) that this target does not implement."""

    def start(self, programs: Sequence[Program]) -> None:
        """Begin to run a batch; at most one batch is under way per target."""

    def finish(self) -> list[ProgramObservation]:
        """Wait for the batch: exactly one observation per program, in order."""

    def open_session(self) -> Session:
        """Start a program that takes its steps one by one."""

    def reset(self) -> None:
        """Bring the target back to its state after start (a machine is reset)."""

    def close(self) -> None:
        """Release everything; idempotent."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
