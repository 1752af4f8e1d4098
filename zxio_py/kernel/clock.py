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


@dataclass(frozen=True, slots=True)
class ClockUpdate:
    """What zx_clock_update is to change; None leaves a thing as it is."""

    #: Nanoseconds of the clock, at *reference* of monotonic time (default: now).
    value: int | None
    reference: int | None
    #: Parts per million by which it runs fast.
    rate: int | None
    #: Nanoseconds.
    error_bound: int | None


class Clock(Dispatcher):
    """A clock: synthetic = synthetic_offset + (monotonic - reference_offset) * rate.

    A tick of the emulation is a nanosecond, so ticks and monotonic time are one.
    """

    __slots__ = (
        "backstop",
        "error_bound",
        "error_updated",
        "generation",
        "options",
        "rate",
        "rate_updated",
        "reference_offset",
        "started",
        "synthetic_offset",
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
        self.rate = 0
        self.reference_offset = 0
        self.synthetic_offset = 0 if started else backstop
        self.error_bound = abi.ZX_CLOCK_UNKNOWN_ERROR
        self.value_updated = 0
        self.rate_updated = 0
        self.error_updated = 0
        self.generation = 0

    def at(self, reference: int) -> int:
        """What it shows at a monotonic time."""
        if not self.started:
            return self.backstop
        passed = reference - self.reference_offset
        return self.synthetic_offset + passed * (_PPM + self.rate) // _PPM

    def update(self, change: ClockUpdate) -> None:
        """Change it; INVALID_ARGS if its kind does not allow that."""
        now = monotonic_ns()
        if not self._allows(change, now):
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        at = now if change.reference is None else change.reference
        if change.value is not None or change.rate is not None:
            # The new line goes through the point given, or through where the old one is then.
            self.synthetic_offset = self.at(at) if change.value is None else change.value
            self.reference_offset = at
        starts = change.value is not None and not self.started
        if change.rate is not None:
            self.rate = change.rate
        if change.rate is not None or starts:
            self.rate_updated = now
        if change.value is not None:
            self.value_updated = now
            self.started = True
        if change.error_bound is not None:
            self.error_bound = change.error_bound
            self.error_updated = now
        self.generation += 2  # odd while an update is under way
        if starts:
            self.update_signals(0, abi.ZX_CLOCK_STARTED)

    def _allows(self, change: ClockUpdate, now: int) -> bool:
        monotonic = self.options & abi.ZX_CLOCK_OPT_MONOTONIC
        continuous = self.options & abi.ZX_CLOCK_OPT_CONTINUOUS
        value, rate, reference = change.value, change.rate, change.reference
        if value is None:
            if not self.started or (reference is not None and rate is None):
                return False
            return not (self.started and continuous and reference is not None)
        if self.started and (
            continuous or (monotonic and rate is not None and reference is not None)
        ):
            return False
        if value < self.backstop:
            return False
        at = now if reference is None else reference
        return not (self.started and monotonic and value < self.at(at))

    def details(self) -> bytes:
        """zx_clock_details_v1_t."""
        synthetic, reference = 0, 1
        if self.started:
            synthetic, reference = (_PPM + self.rate, _PPM) if self.rate else (1, 1)
        rate = record("zx_clock_rate_t", synthetic_ticks=synthetic, reference_ticks=reference)
        line = record(
            "zx_clock_transformation_t",
            reference_offset=self.reference_offset,
            synthetic_offset=self.synthetic_offset,
            rate=rate,
        )
        divisor = gcd(synthetic, reference)
        ticks_line = record(
            "zx_clock_transformation_t",
            reference_offset=self.reference_offset,
            synthetic_offset=self.synthetic_offset,
            rate=record(
                "zx_clock_rate_t",
                synthetic_ticks=synthetic // divisor,
                reference_ticks=reference // divisor,
            ),
        )
        return record(
            "zx_clock_details_v1_t",
            options=self.options,
            backstop_time=self.backstop,
            reference_ticks_to_synthetic=ticks_line,
            reference_to_synthetic=line,
            error_bound=self.error_bound,
            query_ticks=monotonic_ns(),
            last_value_update_ticks=self.value_updated,
            last_rate_adjust_update_ticks=self.rate_updated,
            last_error_bounds_update_ticks=self.error_updated,
            generation_counter=self.generation,
        )
