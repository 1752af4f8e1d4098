"""Clocks: time that runs along monotonic time, at an adjustable rate and offset."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from time import monotonic_ns
from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.dispatcher import Dispatcher
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.records import record

if TYPE_CHECKING:
    from zxio_py.kernel.kernel import Kernel

_PPM = 1_000_000
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1


def _saturate(value: int) -> int:
    """The time nearest to *value*."""
    return max(_LEAST, min(value, _MOST))


@dataclass(frozen=True, slots=True)
class Line:
    """How a clock runs: through a point, so many of its nanoseconds in so many others."""

    reference: int
    synthetic: int
    rate: tuple[int, int]

    def at(self, reference: int) -> int:
        """What it shows at a monotonic time; no step of it leaves the range of times."""
        fast, slow = self.rate
        passed = _saturate(reference - self.reference)
        return _saturate(_saturate(passed * fast // slow) + self.synthetic)


@dataclass(frozen=True, slots=True)
class ClockUpdate:
    """What zx_clock_update is to change; None leaves a thing as it is."""

    #: Of the structure it came in: what later ones allow has later rules.
    version: int
    #: Nanoseconds of the clock, at *reference* of monotonic time (default: now).
    value: int | None
    reference: int | None
    #: Parts per million by which it runs fast.
    rate: int | None
    #: Nanoseconds.
    error_bound: int | None


class Clock(Dispatcher):
    """A clock: a line from monotonic time to its own.

    A tick of the emulation is a nanosecond, so ticks and monotonic time are one.
    """

    __slots__ = (
        "backstop",
        "error_bound",
        "error_updated",
        "generation",
        "line",
        "options",
        "rate",
        "rate_updated",
        "started",
        "value_updated",
    )

    TYPE = abi.ZX_OBJ_TYPE_CLOCK
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_CLOCK_RIGHTS

    def __init__(self, kernel: Kernel, options: int, backstop: int) -> None:
        started = bool(options & abi.ZX_CLOCK_OPT_AUTO_START)
        super().__init__(kernel, abi.ZX_CLOCK_STARTED if started else 0)
        #: ZX_CLOCK_OPT_.
        self.options = options
        #: It never shows less, in nanoseconds, and this before its start.
        self.backstop = backstop
        self.started = started
        self.line = Line(0, 0, (1, 1)) if started else Line(0, backstop, (0, 1))
        #: Parts per million by which it runs fast.
        self.rate = 0
        self.error_bound = abi.ZX_CLOCK_UNKNOWN_ERROR
        self.value_updated = 0
        self.rate_updated = 0
        self.error_updated = 0
        self.generation = 0

    def at(self, reference: int) -> int:
        """What it shows at a monotonic time."""
        return self.line.at(reference)

    def update(self, change: ClockUpdate) -> None:
        """Change it; INVALID_ARGS if its kind does not allow that."""
        now = monotonic_ns()
        if not self._allows(change):
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        line = self._changed_line(change, now)
        if line is not self.line and line.at(now) < self._least(now):
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        starts = not self.started
        self.line = line
        if change.value is not None:
            self.value_updated = now
            self.started = True
        if change.rate is not None or starts:
            self.rate = change.rate or 0
            self.rate_updated = now
        if change.error_bound is not None:
            self.error_bound = change.error_bound
            self.error_updated = now
        self.generation += 2  # odd while an update is under way
        if starts:
            self.update_signals(0, abi.ZX_CLOCK_STARTED)

    def _allows(self, change: ClockUpdate) -> bool:
        """Whether these things may be changed together, and on a clock of its kind."""
        sets, turns = change.value is not None, change.rate is not None
        refers = change.reference is not None
        if refers and not sets and not turns:
            return False
        if not self.started:
            return sets
        if sets and self.options & abi.ZX_CLOCK_OPT_CONTINUOUS:
            return False
        if change.version > 1 and self.options & abi.ZX_CLOCK_OPT_MONOTONIC:
            return not (sets and not refers) and not (turns and (sets or refers))
        return True

    def _changed_line(self, change: ClockUpdate, now: int) -> Line:
        """The line after an update: through the point given, or through where the old one is."""
        # The rate it has already moves nothing.
        turns = change.rate is not None and change.rate != self.rate
        if change.value is None and change.reference is None and not turns:
            return self.line
        rate = self.line.rate if self.started else (1, 1)
        if change.rate is not None:
            rate = (_PPM + change.rate, _PPM)
        at = now if change.reference is None else change.reference
        return Line(at, self.line.at(at) if change.value is None else change.value, rate)

    def _least(self, now: int) -> int:
        """What it must show after an update, at least."""
        if self.options & abi.ZX_CLOCK_OPT_MONOTONIC:
            return max(self.backstop, self.line.at(now))
        return self.backstop

    def details(self) -> bytes:
        """zx_clock_details_v1_t."""
        fast, slow = self.line.rate
        divisor = gcd(fast, slow)
        return record(
            "zx_clock_details_v1_t",
            options=self.options,
            backstop_time=self.backstop,
            reference_ticks_to_synthetic=self._line_record(fast // divisor, slow // divisor),
            reference_to_synthetic=self._line_record(fast, slow),
            error_bound=self.error_bound,
            query_ticks=monotonic_ns(),
            last_value_update_ticks=self.value_updated,
            last_rate_adjust_update_ticks=self.rate_updated,
            last_error_bounds_update_ticks=self.error_updated,
            generation_counter=self.generation,
        )

    def _line_record(self, fast: int, slow: int) -> bytes:
        return record(
            "zx_clock_transformation_t",
            reference_offset=self.line.reference,
            synthetic_offset=self.line.synthetic,
            rate=record("zx_clock_rate_t", synthetic_ticks=fast, reference_ticks=slow),
        )
