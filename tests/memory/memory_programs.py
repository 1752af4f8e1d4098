"""Random programs over VMOs, regions and tasks: most calls of them are wrong in some way."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

Json = Any

_PAGE = 4096
_SIZES = (0, 1, _PAGE, _PAGE, 2 * _PAGE, 2 * _PAGE, 3 * _PAGE, 4 * _PAGE, _PAGE + 1, 1 << 63)
_LAST_SIZES = ("0xfffffffffffff000", "0xffffffffffffffff")
_VMO_OPTIONS = ("0", "ZX_VMO_RESIZABLE", "ZX_VMO_DISCARDABLE", "1")
_CHILD_OPTIONS = (
    "ZX_VMO_CHILD_SNAPSHOT",
    "ZX_VMO_CHILD_SNAPSHOT|ZX_VMO_CHILD_RESIZABLE",
    "ZX_VMO_CHILD_SNAPSHOT|ZX_VMO_CHILD_NO_WRITE",
    "ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE",
    "ZX_VMO_CHILD_SLICE",
    "ZX_VMO_CHILD_REFERENCE",
    "ZX_VMO_CHILD_REFERENCE|ZX_VMO_CHILD_RESIZABLE",
    "ZX_VMO_CHILD_SNAPSHOT|ZX_VMO_CHILD_SLICE",
    "0",
)
_VMO_RIGHTS = ("ZX_RIGHT_SAME_RIGHTS", "ZX_RIGHT_READ|ZX_RIGHT_MAP|ZX_RIGHT_DUPLICATE", "0")
_PERMISSIONS = (
    "0",
    "ZX_VM_PERM_READ",
    "ZX_VM_PERM_READ|ZX_VM_PERM_WRITE",
    "ZX_VM_PERM_READ|ZX_VM_PERM_EXECUTE",
    "ZX_VM_PERM_WRITE",
)
_PLACES = (
    "",
    "|ZX_VM_SPECIFIC",
    "|ZX_VM_SPECIFIC_OVERWRITE",
    "|ZX_VM_OFFSET_IS_UPPER_LIMIT",
    "|ZX_VM_MAP_RANGE",
    "|ZX_VM_REQUIRE_NON_RESIZABLE",
    "|ZX_VM_ALLOW_FAULTS",
    "|ZX_VM_ALIGN_64KB",
)
_CAN_MAP = (
    "0",
    "ZX_VM_CAN_MAP_READ|ZX_VM_CAN_MAP_WRITE|ZX_VM_CAN_MAP_SPECIFIC",
    "ZX_VM_CAN_MAP_READ|ZX_VM_CAN_MAP_SPECIFIC",
    "ZX_VM_CAN_MAP_READ",
)
_OFFSETS = (0, 0, _PAGE, 2 * _PAGE, 16 * _PAGE, 17 * _PAGE, 18 * _PAGE, 1, 64 << 20)
_NULL = {"null": 1}


class _Writer:
    """The program being made, and the names it may use."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.steps: list[Json] = []
        self.vmos: list[str] = []
        self.regions = ["$vmar"]
        self.addresses: list[str] = []
        self.jobs = ["$job"]
        self.processes: list[str] = []
        self.threads: list[str] = []
        self._names = 0

    def call(self, name: str, *arguments: Json) -> None:
        self.steps.append({"call": name, "args": list(arguments)})

    def one(self, *choices: Json) -> Json:
        return self.chance.choice(choices)

    def name(self, names: list[str]) -> str:
        """A new name, from now on among *names*."""
        self._names += 1
        names.append(f"n{self._names}")
        return names[-1]

    def handle(self, names: list[str]) -> Json:
        """Most often one of *names*, sometimes a handle of another type or none."""
        if names and self.chance.random() < 0.95:
            return {"h": self.one(*names)}
        return self.one(0, {"h": "$job"}, {"h": "$vmar"})

    def size(self) -> Json:
        return self.one(*_SIZES, *_LAST_SIZES) if self.chance.random() < 0.4 else self.one(*_SIZES)

    def address(self) -> Json:
        if not self.addresses or self.chance.random() < 0.05:
            return self.one(0, 1, _PAGE)
        return {"val": self.one(*self.addresses), "add": self.one(0, 0, 0, _PAGE, 2 * _PAGE, 1)}

    def out_address(self) -> Json:
        return {"out": 8, "name": self.name(self.addresses), "mask": [[0, 8]]}


def _vmo_step(w: _Writer) -> None:
    kinds: tuple[Callable[[], None], ...] = (
        lambda: w.call(
            "zx_vmo_create", w.size(), w.one(*_VMO_OPTIONS), {"out_handle": w.name(w.vmos)}
        ),
        lambda: w.call(
            "zx_vmo_create_child",
            w.handle(w.vmos),
            w.one(*_CHILD_OPTIONS),
            w.size(),
            w.size(),
            {"out_handle": w.name(w.vmos)},
        ),
        lambda: w.call(
            "zx_vmo_write",
            w.handle(w.vmos),
            {"in": {"str": "abcd"}},
            w.one(0, 10, 4092, 4094, 8192),
            w.one(0, 4),
        ),
        lambda: w.call(
            "zx_vmo_read", w.handle(w.vmos), {"out": 8}, w.one(0, 8, 4090, 8192), w.one(0, 4, 8)
        ),
        lambda: w.call("zx_vmo_set_size", w.handle(w.vmos), w.size()),
        lambda: w.call(
            "zx_vmo_op_range",
            w.handle(w.vmos),
            w.chance.randrange(14),
            w.one(0, 0, 1, 100, _PAGE),
            w.size(),
            w.one(_NULL, {"out": 32}),
            w.one(0, 31, 32),
        ),
        lambda: w.call(
            "zx_object_get_info",
            w.handle(w.vmos),
            "ZX_INFO_VMO",
            {"out": 120, "koids": [0, 48]},
            120,
            _NULL,
            _NULL,
        ),
        lambda: w.call(
            "zx_object_wait_one", w.handle(w.vmos), "ZX_VMO_ZERO_CHILDREN", 0, {"out": 4}
        ),
        lambda: w.call("zx_vmo_set_cache_policy", w.handle(w.vmos), w.one(0, 0, 1, 4)),
        lambda: w.call(
            "zx_object_set_property",
            w.handle(w.vmos),
            "ZX_PROP_VMO_CONTENT_SIZE",
            {"in": {"u64": w.one(0, 1, 5000, 8192)}},
            8,
        ),
        lambda: w.call(
            "zx_handle_duplicate",
            w.handle(w.vmos),
            w.one(*_VMO_RIGHTS),
            {"out_handle": w.name(w.vmos)},
        ),
        lambda: w.call("zx_handle_close", w.handle(w.vmos)),
        lambda: w.call(
            "zx_vmo_replace_as_executable",
            w.handle(w.vmos),
            w.one(0, {"h": "$resource"}, {"h": "$vmar"}),
            {"out_handle": w.name(w.vmos)},
        ),
    )
    w.one(*kinds)()


def _region_step(w: _Writer) -> None:
    kinds: tuple[Callable[[], None], ...] = (
        lambda: w.call(
            "zx_vmar_map",
            w.handle(w.regions),
            w.one(*_PERMISSIONS) + w.one(*_PLACES),
            w.one(*_OFFSETS),
            w.handle(w.vmos),
            w.one(0, 0, _PAGE, 1, "0xfffffffffffff000"),
            w.size(),
            w.out_address(),
        ),
        lambda: w.call(
            "zx_vmar_allocate",
            w.handle(w.regions),
            w.one(*_CAN_MAP) + w.one(*_PLACES),
            w.one(*_OFFSETS),
            w.one(_PAGE, 2 * _PAGE, 16 * _PAGE, 64 << 20, 0, 1),
            {"out_handle": w.name(w.regions)},
            w.out_address(),
        ),
        lambda: w.call("zx_vmar_unmap", w.handle(w.regions), w.address(), w.size()),
        lambda: w.call(
            "zx_vmar_protect",
            w.handle(w.regions),
            w.one(*_PERMISSIONS),
            w.address(),
            w.size(),
        ),
        lambda: w.call("zx_vmar_destroy", w.handle(w.regions[1:])),
        lambda: w.call(
            "zx_vmar_op_range",
            w.handle(w.regions),
            w.one(1, 2, 3, 4, 12),
            w.address(),
            w.one(_PAGE, 0, 1),
            _NULL,
            0,
        ),
        lambda: w.call("$store", w.address(), w.one(1, 4, 8), 77),
        lambda: w.call("$load", w.address(), w.one(1, 4, 8)),
    )
    w.one(*kinds)()


def _task_step(w: _Writer) -> None:
    name = {"in": {"str": "name"}}
    task = w.one(w.handle(w.processes), w.handle(w.jobs), w.handle(w.threads))
    kinds: tuple[Callable[[], None], ...] = (
        lambda: w.call(
            "zx_job_create", w.handle(w.jobs), w.one(0, 0, 1), {"out_handle": w.name(w.jobs)}
        ),
        lambda: w.call(
            "zx_process_create",
            w.handle(w.jobs),
            name,
            w.one(0, 4),
            w.one(0, 0, 2),
            {"out_handle": w.name(w.processes)},
            {"out_handle": w.name(w.regions)},
        ),
        lambda: w.call(
            "zx_thread_create",
            w.handle(w.processes),
            name,
            4,
            w.one(0, 0, 1),
            {"out_handle": w.name(w.threads)},
        ),
        lambda: w.call("zx_task_kill", task),
        lambda: w.call("zx_object_wait_one", task, "ZX_TASK_TERMINATED|0x70", 0, {"out": 4}),
        lambda: w.call(
            "zx_object_get_info",
            w.handle(w.jobs),
            w.one("ZX_INFO_JOB_CHILDREN", "ZX_INFO_JOB_PROCESSES"),
            {"out": 16, "koids": [0, 8]},
            w.one(0, 8, 16),
            {"out": 8},
            {"out": 8},
        ),
        lambda: w.call(
            "zx_object_get_info",
            w.handle(w.processes),
            "ZX_INFO_PROCESS",
            {"out": 24, "mask": [[8, 8]]},
            24,
            _NULL,
            _NULL,
        ),
        lambda: w.call(
            "zx_job_set_policy",
            w.handle(w.jobs),
            w.one(0, 1),
            w.one("ZX_JOB_POL_BASIC_V1", "ZX_JOB_POL_BASIC_V2", "ZX_JOB_POL_TIMER_SLACK"),
            {"in": [{"u32": w.one(3, 4, 6, 99)}, {"u32": w.one(0, 1, 4, 5)}, {"zero": 8}]},
            w.one(0, 1, 1, 17),
        ),
        lambda: w.call(
            "zx_job_set_critical", w.handle(w.jobs), w.one(0, 1, 2), w.handle(w.processes)
        ),
        lambda: w.call("zx_handle_close", task),
    )
    w.one(*kinds)()


def random_program(seed: int) -> Json:
    """The program of a seed, in the exchange format."""
    writer = _Writer(random.Random(seed))
    step = writer.one(_task_step, lambda w: w.one(_vmo_step, _vmo_step, _region_step)(w))
    for _ in range(writer.chance.randint(8, 24)):
        step(writer)
    return {"name": f"zx_random_{seed}", "steps": writer.steps}
