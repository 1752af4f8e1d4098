"""Ways in which the tests make the emulation wrong."""

from __future__ import annotations

from harness.fuzz.faults import SeededFault

#: A message that carries handles stays in the queue when it is read.
READ_LEAVES_THE_MESSAGE = SeededFault(
    "read_leaves_the_message",
    "zxio_py.kernel.syscalls.channel",
    "if fits or options & abi.ZX_CHANNEL_READ_MAY_DISCARD:\n        del",
    "if fits and count == 0 or options & abi.ZX_CHANNEL_READ_MAY_DISCARD:\n        del",
)
#: Signalling takes no right.
SIGNAL_WITHOUT_RIGHT = SeededFault(
    "signal_without_right",
    "zxio_py.kernel.syscalls.object",
    "if not source.rights & abi.ZX_RIGHT_SIGNAL:",
    "if not source.rights:",
)
