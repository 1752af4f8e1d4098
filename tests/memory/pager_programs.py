"""Random programs over VMOs that a pager supplies.

Nothing in them waits for anybody: the VMO is detached, so that what has not been supplied is an
error.  Its pager can do with it all that it could before.
"""

from __future__ import annotations

import random
from typing import Any

Json = Any

_PAGE = 4096
_SOURCE_PAGES = 8
_WEAK = "ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE"
_CHILD_OPTIONS = (
    _WEAK,
    f"{_WEAK}|ZX_VMO_CHILD_RESIZABLE",
    f"{_WEAK}|ZX_VMO_CHILD_RESIZABLE",
    "ZX_VMO_CHILD_REFERENCE",
    "ZX_VMO_CHILD_SLICE",
)
_MAP_OPTIONS = "ZX_VM_PERM_READ|ZX_VM_PERM_WRITE"


class _Writer:
    """The program being made."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.steps: list[Json] = []
        #: Pages that a VMO has at first, by name.
        self.vmos: dict[str, int] = {}
        self.mappings: list[str] = []

    def call(self, name: str, *arguments: Json) -> None:
        self.steps.append({"call": name, "args": list(arguments)})

    def number(self, last: int) -> int:
        return self.chance.randint(0, last)

    def vmo(self) -> tuple[str, int, int]:
        """One of the VMOs, a page of it and a number of pages, mostly inside."""
        name = self.chance.choice(list(self.vmos))
        if self.chance.random() < 0.1:
            return name, self.number(9), self.number(6)
        first = self.number(max(0, self.vmos[name] - 1))
        return name, first, self.number(max(1, self.vmos[name] - first))

    def begin(self) -> None:
        """A pager, its VMO, and where its pages come from."""
        pages = self.chance.randint(2, 9)
        options = self.chance.choice(
            ("0", "ZX_VMO_RESIZABLE", "ZX_VMO_TRAP_DIRTY", "ZX_VMO_TRAP_DIRTY|ZX_VMO_RESIZABLE")
        )
        port, pager, vmo = {"h": "port"}, {"h": "pager"}, {"out_handle": "vmo"}
        self.call("zx_port_create", 0, {"out_handle": "port"})
        self.call("zx_pager_create", 0, {"out_handle": "pager"})
        self.call("zx_pager_create_vmo", pager, options, port, 7, pages * _PAGE, vmo)
        self.call("zx_vmo_create", _SOURCE_PAGES * _PAGE, 0, {"out_handle": "aux"})
        for page in range(_SOURCE_PAGES - self.number(2)):
            self.fill_source(page)
        self.vmos["vmo"] = pages
        self.call("zx_pager_detach_vmo", {"h": "pager"}, {"h": "vmo"})
        self.supply(0, min(pages, _SOURCE_PAGES), 0)

    def fill_source(self, page: int) -> None:
        data = {"in": [{"u32": self.number(1 << 31)}]}
        self.call("zx_vmo_write", {"h": "aux"}, data, page * _PAGE, 4)

    def supply(self, first: int, pages: int, source: int) -> None:
        names = {"h": "pager"}, {"h": "vmo"}
        place = (first * _PAGE, pages * _PAGE)
        self.call("zx_pager_supply_pages", *names, *place, {"h": "aux"}, source * _PAGE)

    def operate(self, kind: str, data: int = 0) -> None:
        _, first, pages = self.vmo()
        op, place = f"ZX_PAGER_OP_{kind}", (first * _PAGE, pages * _PAGE)
        self.call("zx_pager_op_range", {"h": "pager"}, op, {"h": "vmo"}, *place, data)

    def tell(self, first: int, pages: int) -> None:
        """What is dirty, and whether anything has changed."""
        names = {"h": "pager"}, {"h": "vmo"}
        place, outs = (first * _PAGE, pages * _PAGE), ({"out": 8}, {"out": 8})
        self.call("zx_pager_query_dirty_ranges", *names, *place, {"out": 96}, 96, *outs)
        self.call("zx_pager_query_vmo_stats", *names, self.number(1), {"out": 4}, 4)

    def write(self) -> None:
        name, first, _ = self.vmo()
        size = self.chance.choice((4, 4, 4096, 9004))
        data = {"in": [{"u32": self.number(1 << 31)}, {"zero": size - 4}]}
        offset = first * _PAGE + self.chance.choice((0, 5, 4094))
        self.call("zx_vmo_write", {"h": name}, data, offset, size)

    def range_operation(self, kind: str) -> None:
        name, first, pages = self.vmo()
        place = [first * _PAGE, pages * _PAGE]
        if kind == "ZERO" and self.number(1):
            place = [place[0] + self.chance.choice((0, 1, 4000)), self.number(9000)]
        self.call("zx_vmo_op_range", {"h": name}, f"ZX_VMO_OP_{kind}", *place)

    def resize(self) -> None:
        name, first, _ = self.vmo()
        size = first * _PAGE + self.chance.choice((0, 0, self.number(_PAGE)))
        self.call("zx_vmo_set_size", {"h": name}, size)

    def child(self) -> None:
        name, first, pages = self.vmo()
        options, made = self.chance.choice(_CHILD_OPTIONS), f"k{len(self.vmos)}"
        if len(self.vmos) < 5:
            place = (first * _PAGE, pages * _PAGE)
            self.call("zx_vmo_create_child", {"h": name}, options, *place, {"out_handle": made})
            self.vmos[made] = pages

    def map(self) -> None:
        name, _, _ = self.vmo()
        made = f"m{len(self.mappings)}"
        if len(self.mappings) < 4:
            out = {"out": 8, "name": made, "mask": [[0, 8]]}
            self.call("zx_vmar_map", {"h": "$vmar"}, _MAP_OPTIONS, 0, {"h": name}, 0, 32768, out)
            self.mappings.append(made)

    def access(self) -> None:
        if self.mappings:
            place = {"val": self.chance.choice(self.mappings), "add": self.number(7) * _PAGE}
            if self.number(1):
                self.call("$load", place, 4)
            else:
                self.call("$store", place, 4, self.number(1 << 31))

    def step(self) -> None:
        kind = self.number(15)
        if kind <= 2:
            self.supply(self.vmo()[1], self.number(3), self.number(_SOURCE_PAGES - 1))
        elif kind == 3:
            self.fill_source(self.number(_SOURCE_PAGES - 1))
        elif kind <= 5:
            self.write()
        elif kind == 6:
            self.range_operation(self.chance.choice(("ZERO", "ZERO", "COMMIT", "ALWAYS_NEED")))
        elif kind == 7:
            self.resize()
        elif kind == 8:
            self.operate("WRITEBACK_BEGIN", self.chance.choice((0, 0, 1)))
        elif kind == 9:
            self.operate("WRITEBACK_END")
        elif kind == 10:
            self.operate("DIRTY")
        elif kind == 11:
            self.tell(*self.vmo()[1:])
        elif kind == 12:
            self.child()
        elif kind == 13:
            self.map()
        else:
            self.access()

    def end(self) -> None:
        """Read what there is, and look at what came of it all."""
        self.tell(0, 0)
        for name in self.vmos:
            for page in range(4):
                self.call("zx_vmo_read", {"h": name}, {"out": 12}, page * _PAGE, 12)
            out = {"out": 104, "koids": [0, 48]}
            self.call("zx_object_get_info", {"h": name}, "ZX_INFO_VMO_V1", out, 104, 0, 0)


def random_program(number: int) -> Json:
    """The program of that number."""
    writer = _Writer(random.Random(number))
    writer.begin()
    for _ in range(writer.chance.randint(10, 45)):
        writer.step()
    writer.end()
    return {"name": f"pager_random_{number}", "steps": writer.steps}
