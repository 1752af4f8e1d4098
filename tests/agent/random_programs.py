"""Random programs over the kernel objects, for comparing the guests with the host.

A program is a sequence of calls on handles it has made, most of them sensible, some with a bad
handle, pointer, option or size.  Nothing in it depends on time or on the machine.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]

SIGNALS = (
    "ZX_USER_SIGNAL_0",
    "ZX_USER_SIGNAL_1|ZX_USER_SIGNAL_7",
    "ZX_EVENT_SIGNALED",
    "ZX_USER_SIGNAL_ALL",
    "0xffffffff",
    *(0, 1, 2, 4, 16, 32, 1024, 2048),
)
RIGHTS = (
    "ZX_RIGHT_SAME_RIGHTS",
    "ZX_RIGHTS_BASIC",
    "ZX_RIGHTS_BASIC|ZX_RIGHTS_IO",
    "ZX_RIGHT_WAIT",
    "ZX_RIGHT_TRANSFER|ZX_RIGHT_READ",
    "ZX_RIGHTS_BASIC|ZX_RIGHTS_IO|ZX_RIGHT_SIGNAL|ZX_RIGHTS_PROPERTY",
    0,
    "0x7fffffff",
)
BAD_POINTERS: tuple[Json, ...] = (
    {"ptr": "unmapped"},
    {"ptr": "kernel"},
    {"ptr": "readonly"},
    {"ptr": "noncanon"},
    {"ptr": "edge", "add": -2},
    {"null": 1},
)
SIZES = (0, 1, 2, 4, 5, 7, 8, 16, 100, 3000)


class Writer:
    """Writes one program."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.slots: list[str] = []
        self.steps: list[Json] = []

    # ---- arguments -------------------------------------------------------------------------

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def pick(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    def bad_pointer(self) -> Json:
        return self.random.choice(BAD_POINTERS)

    def new_slot(self) -> str:
        self.slots.append(f"s{len(self.slots)}")
        return self.slots[-1]

    def out_handle(self) -> Json:
        return self.bad_pointer() if self.chance(0.03) else {"out_handle": self.new_slot()}

    def handle(self) -> Any:
        """A handle made lately; now and then nonsense."""
        if not self.slots or self.chance(0.03):
            return self.pick(0, 1, "0xffffffff", 12345)
        handle: Json = {"h": self.random.choice(self.slots[-8:])}
        return handle | {"xor": self.pick(1, 2, 8, 64)} if self.chance(0.02) else handle

    def handle_item(self) -> Json:
        handle = self.handle()
        return handle if isinstance(handle, dict) else {"u32": handle}

    def out(self, size: int) -> Json:
        return self.bad_pointer() if self.chance(0.05) else {"out": max(size, 1)}

    def data(self, size: int) -> Json:
        if self.chance(0.05):
            return self.bad_pointer()
        return {"in": {"fill": [self.random.randrange(256), max(size, 1)]}}

    def call(self, name: str, *args: Any) -> None:
        self.steps.append({"call": name, "args": list(args)})

    # ---- calls -----------------------------------------------------------------------------

    def create(self) -> None:
        option = self.pick(0, 0, 0, 0, 1, 2)
        kind = self.random.randrange(8)
        if kind == 0:
            self.call("zx_channel_create", option // 2, self.out_handle(), self.out_handle())
        elif kind == 1:
            self.call("zx_event_create", option // 2, self.out_handle())
        elif kind == 2:
            self.call("zx_eventpair_create", option // 2, self.out_handle(), self.out_handle())
        elif kind == 3:
            self.call("zx_socket_create", option, self.out_handle(), self.out_handle())
        elif kind == 4:
            count, size = self.pick(0, 1, 4, 512, 4096), self.pick(0, 1, 4, 8, 100)
            self.call("zx_fifo_create", count, size, 0, self.out_handle(), self.out_handle())
        elif kind == 5:
            self.call("zx_port_create", option, self.out_handle())
        elif kind == 6:
            self.call("zx_timer_create", option, option // 2, self.out_handle())
        else:
            self.call("zx_vmo_create", self.pick(0, 1, 4096, 8192), option, self.out_handle())

    def change_handle(self) -> None:
        name = self.pick("zx_handle_duplicate", "zx_handle_replace", "zx_handle_close")
        if name == "zx_handle_close":
            self.call(name, self.handle())
        else:
            self.call(name, self.handle(), self.random.choice(RIGHTS), self.out_handle())

    def channel_write(self) -> None:
        size, items = (
            self.random.choice(SIZES),
            [self.handle_item() for _ in range(self.pick(0, 0, 1, 2))],
        )
        handles: Json = {"in": items} if items else {"null": 1}
        options = self.pick(0, 0, 0, 0, 0, 1, 2)
        self.call(
            "zx_channel_write", self.handle(), options, self.data(size), size, handles, len(items)
        )

    def channel_write_etc(self) -> None:
        entry = [
            {"u32": self.pick(0, 0, 1, 1, 2)},
            self.handle_item(),
            {"u32": self.pick(0, 0, 0, 4, 5)},
            {"u32": self.random.choice(RIGHTS)},
            {"u32": 77},
        ]
        entries = {"inout": entry, "mask": [[4, 4]]}
        self.call(
            "zx_channel_write_etc", self.handle(), self.pick(0, 0, 1), self.data(4), 4, entries, 1
        )

    def channel_read(self) -> None:
        channel, size, count = self.handle(), self.pick(0, 4, 10, 4000), self.pick(0, 1, 2)
        slots = [self.new_slot() for _ in range(count)]
        self.call(
            "zx_channel_read",
            channel,
            self.pick(0, 0, 0, 0, 1, 2),
            self.out(size) if size else {"null": 1},
            {"out_handles": slots} if slots else {"null": 1},
            size,
            count,
            self.out(4),
            {"out": 4},
        )

    def socket(self) -> None:
        size = self.random.choice(SIZES)
        kind = self.random.randrange(5)
        if kind < 2:
            self.call(
                "zx_socket_write",
                self.handle(),
                self.pick(0, 0, 0, 1),
                self.data(size),
                size,
                self.out(8),
            )
        elif kind < 4:
            self.call(
                "zx_socket_read",
                self.handle(),
                self.pick(0, 0, 8, 1),
                self.out(size),
                size,
                self.out(8),
            )
        else:
            self.call(
                "zx_socket_set_disposition",
                self.handle(),
                self.pick(0, 1, 2, 3),
                self.pick(0, 1, 2, 4),
            )

    def fifo(self) -> None:
        size, count = self.pick(1, 4, 8), self.pick(0, 1, 2, 5)
        if self.chance(0.5):
            self.call(
                "zx_fifo_write", self.handle(), size, self.data(size * count), count, self.out(8)
            )
        else:
            self.call(
                "zx_fifo_read", self.handle(), size, self.out(size * count), count, self.out(8)
            )

    def wait(self) -> None:
        if self.chance(0.6):
            self.call(
                "zx_object_wait_one", self.handle(), self.random.choice(SIGNALS), 0, self.out(4)
            )
            return
        items = [self.handle_item(), {"u32": self.random.choice(SIGNALS)}, {"u32": 0}]
        items += [self.handle_item(), {"u32": self.random.choice(SIGNALS)}, {"u32": 0}]
        self.call("zx_object_wait_many", {"inout": items, "mask": [[0, 4], [12, 4]]}, 2, 0)

    def signal(self) -> None:
        name = self.pick("zx_object_signal", "zx_object_signal_peer")
        self.call(name, self.handle(), self.random.choice(SIGNALS), self.random.choice(SIGNALS))

    def port(self) -> None:
        key = self.pick(1, 2)
        kind = self.random.randrange(5)
        if kind < 2:
            signals, options = self.random.choice(SIGNALS), self.pick(0, 0, 2, 4)
            self.call("zx_object_wait_async", self.handle(), self.handle(), key, signals, options)
        elif kind == 2:
            self.call("zx_port_wait", self.handle(), 0, self.out(48))
        elif kind == 3:
            self.call("zx_port_cancel", self.handle(), self.handle(), key)
        else:
            self.call("zx_port_queue", self.handle(), self.data(48))

    def timer(self) -> None:
        if self.chance(0.3):
            self.call("zx_timer_cancel", self.handle())
        else:
            self.call(
                "zx_timer_set",
                self.handle(),
                self.pick(0, -1, 1, {"deadline": 10**15}),
                self.pick(0, 5, -1),
            )

    def property(self) -> None:
        number = self.pick(
            "ZX_PROP_NAME", "ZX_PROP_SOCKET_RX_THRESHOLD", "ZX_PROP_SOCKET_TX_THRESHOLD", 99
        )
        size = self.pick(0, 4, 8, 31, 32)
        if self.chance(0.5):
            self.call("zx_object_get_property", self.handle(), number, self.out(32), size)
        else:
            value = {"in": [{"u64": self.pick(0, 1, 100, 260096, 260097)}, {"zero": 24}]}
            self.call("zx_object_set_property", self.handle(), number, value, size)

    def info(self) -> None:
        topic = self.pick(
            "ZX_INFO_HANDLE_COUNT",
            "ZX_INFO_HANDLE_VALID",
            "ZX_INFO_SOCKET",
            "ZX_INFO_TIMER",
            "ZX_INFO_JOB",
            5,
        )
        if topic == "ZX_INFO_TIMER":  # its deadline is a moment
            self.call(
                "zx_object_get_info",
                self.handle(),
                topic,
                {"in": {"zero": 24}},
                24,
                self.out(8),
                self.out(8),
            )
        else:
            self.call(
                "zx_object_get_info",
                self.handle(),
                topic,
                self.out(64),
                self.pick(0, 4, 48, 64),
                self.out(8),
                self.out(8),
            )


CALLS: tuple[tuple[int, Callable[[Writer], None]], ...] = (
    (9, Writer.create),
    (4, Writer.change_handle),
    (4, Writer.channel_write),
    (1, Writer.channel_write_etc),
    (4, Writer.channel_read),
    (5, Writer.socket),
    (3, Writer.fifo),
    (3, Writer.wait),
    (3, Writer.signal),
    (5, Writer.port),
    (1, Writer.timer),
    (1, Writer.property),
    (1, Writer.info),
)


def random_program(seed: int) -> Json:
    """The program of a seed, always the same."""
    writer = Writer(seed)
    weights = [weight for weight, _ in CALLS]
    for _, write in writer.random.choices(CALLS, weights, k=writer.random.randrange(8, 28)):
        write(writer)
    return {"name": f"object_random_{seed}", "steps": writer.steps}
