"""The stress program (``guest/stress``) and its table of calls, drawn from the definition.

``zxh/stress_calls.inc`` says of each function the vDSO exports what its parameters are: which kind
of object a handle is to, what is a time or an address, which number counts what a pointer leads to.
From that the program draws arguments of which many make sense.
"""

from __future__ import annotations

import importlib
import itertools
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from elftools.elf.elffile import ELFFile

from harness.build import toolchain
from harness.build.headers import BANNER
from harness.build.toolchain import ROOT, BuildError, compile_sources, link
from harness.program.model import Arch
from zxio_py import abi
from zxio_py.abi.model import Call, Field, Param, Struct

SOURCES = ROOT / "guest" / "stress"
PROGRAM = "stress.elf"

#: Calls that end what others need or fill the console: made once for so many times they are drawn.
SELDOM = {
    "zx_debug_write": 100,
    "zx_debuglog_write": 100,
    "zx_process_exit": 100,
    "zx_task_create_exception_channel": 4,
    "zx_task_kill": 64,
    "zx_task_suspend": 4,
    "zx_task_suspend_token": 4,
    "zx_vmar_unmap_handle_close_thread_exit": 8,
}
SELDOM_NORETURN = 50
#: Those that give handles up, so that more come than go.
SELDOM_RELEASE = 3

_SCALARS = {
    "zx_duration_t": "DURATION",
    "zx_rights_t": "RIGHTS",
    "zx_signals_t": "SIGNALS",
    "zx_time_t": "TIME",
    "zx_vaddr_t": "ADDRESS",
    "zx_vm_option_t": "VM_OPTIONS",
}
_SIZES = ("size_t", "uint64_t", "zx_off_t", "int64_t")
_BY_NAME = {
    "elem_count": "FEW",
    "elem_size": "FEW",
    "entry": "ENTRY",
    "key": "FEW",
    "koid": "KOID",
    "len": "LENGTH",
    "size": "LENGTH",
    "stack": "STACK",
    "thread_entry": "ENTRY",
}
#: Words of a name in several pieces.
_LONG = {
    "proc": "process",
    "rsrc": "resource",
    "vmex": "resource",
    "pci": "pci_device",
    "owner": "thread",
}
#: Numbers that are sums of constants, or none of them.
_NUMBERS = ("options", "flags")
_MOST_MEMBERS = 8
#: What buffers that are counted in bytes are of.
_BYTES = ("void", "char")

#: What members of records are, by their names; others are numbers.
_MEMBERS = {
    "handle": "HANDLE",
    "rights": "RIGHTS",
    "waitfor": "SIGNALS",
    "capacity": "COUNT",
}


def stress_calls() -> str:
    """Text of ``zxh/stress_calls.inc``."""
    return "\n".join(_Table().lines()) + "\n"


def build_stress(arch: Arch, out: Path, include: Path) -> Path:
    """Build the stress program; raises `BuildError`."""
    user = ROOT / "guest" / "user"
    library = ROOT / "guest" / "lib"
    objects = compile_sources(
        arch,
        [
            *SOURCES.glob("*.c"),
            *(SOURCES / arch).glob("*.S"),
            library / "memory.c",
            user / "libc" / "elf_symbols.c",
        ],
        out / "obj-stress",
        includes=[include, library, user, SOURCES],
        flags=(*toolchain.USER_FLAGS[arch], "-fno-builtin", "-O2"),
    )
    program = out / PROGRAM
    options = ["-pie", "--no-dynamic-linker", "-z", "text", "-z", "norelro", "--gc-sections"]
    link(arch, objects, program, [*options, "-z", "max-page-size=4096", "-e", "_start"])
    _check_needs_no_loader(program)
    return program


def _check_needs_no_loader(program: Path) -> None:
    """Workers run the image as it is, wherever it lies."""
    with program.open("rb") as file:
        elf = ELFFile(file)
        relocations = elf.get_section_by_name(".rela.dyn")
        sections = [s.name for s in elf.iter_sections() if s["sh_flags"] & 1 and s["sh_size"]]
    if relocations is not None and relocations["sh_size"]:
        raise BuildError(f"{program}: it has relocations, which nobody would apply")
    if set(sections) - {".dynamic"}:
        raise BuildError(f"{program}: it has variables: {', '.join(sections)}")


# ---- the table ---------------------------------------------------------------------------


class _Table:
    """Calls, the records in their parameters, and the constants these may be."""

    def __init__(self) -> None:
        self._calls = [call for call in abi.CALLS.values() if call.exported]
        pointees = {param.pointee for call in self._calls for param in call.params}
        self._records = sorted(pointees & abi.STRUCTS.keys())
        self._modules = {
            call.name: module for module in _modules() for call in getattr(module, "_CALLS", ())
        }
        #: By the constants themselves and whether they are all there is.
        self._sets: dict[tuple[tuple[int, ...], bool], int] = {((), False): 0}

    def lines(self) -> list[str]:
        calls = [self._call(call) for call in self._calls]
        records = [self._record(abi.STRUCTS[name]) for name in self._records]
        names = [f"    CALL_{call.name} = {number}," for number, call in enumerate(self._calls)]
        values: list[str] = []
        sets = []
        for constants, narrow in self._sets:
            sets.append(f"    {{{len(values)}, {len(constants)}, {int(narrow)}}},")
            values += [f"    {value:#x}u," for value in constants]
        return [
            *(BANNER, f"#define CALL_COUNT {len(self._calls)}", "enum {", *names, "};"),
            *("static const uint64_t constants[] = {", *values, "};"),
            *("static const struct constant_set constant_sets[] = {", *sets, "};"),
            *("static const struct record records[] = {", *records, "};"),
            *("static const struct call stress_calls[] = {", *calls, "};"),
        ]

    def _call(self, call: Call) -> str:
        parameters = ", ".join(self._parameter(call, param) for param in call.params)
        status = int(call.returns == "zx_status_t")
        local = int("vdsocall" in call.attributes)
        return f'    {{"{call.name}", {status}, {local}, {_one_in(call)}, {{{parameters}}}}},'

    def _parameter(self, call: Call, param: Param) -> str:
        kind, detail = self._kind(call, param)
        flags = {"release": "FLAG_RELEASE", "mixed": "FLAG_RELEASE", "acquire": "FLAG_ACQUIRE"}
        words = [flags[param.handle]] if param.handle in flags else []
        if any(o.count == param.name and o.direction == "out" for o in call.params):
            words.append("FLAG_ROOM")
        if param.pointee == "zx_vaddr_t":
            words.append("FLAG_PLACE")
        names = [other.name for other in call.params]
        count = names.index(param.count) if param.count in names else "NO_PARAMETER"
        return f"{{KIND_{kind}, {' | '.join(words) or 0}, {detail}, {count}}}"

    def _kind(self, call: Call, param: Param) -> tuple[str, str | int]:
        """The kind of a parameter, and what `detail` is for it."""
        constants = self._constants(self._modules[call.name], param.name, call.short_name)
        if param.is_pointer:
            if param.pointee in self._records:
                return "RECORD", self._records.index(param.pointee)
            kinds = {"zx_handle_t": "HANDLES", "zx_futex_t": "FUTEX"}
            return kinds.get(param.pointee, "BYTES"), constants
        if param.type == "zx_handle_t":
            return "HANDLE", _object_type(call, param)
        counted = [other for other in call.params if other.count == param.name]
        if counted:
            return ("COUNT" if any(o.pointee in _BYTES for o in counted) else "FEW"), 0
        kind = _BY_NAME.get(param.name) or _SCALARS.get(param.type)
        if kind is None and "addr" in param.name:
            kind = "ADDRESS"
        if kind is None and param.type in _SIZES and param.name not in _NUMBERS:
            kind = "OFFSET"
        return kind or "NUMBER", constants

    def _constants(self, module: ModuleType, name: str, call: str) -> int:
        """The set of constants that a parameter of this name, of a call in that module, may be."""
        values = {
            constant: value
            for constant, value in vars(module).items()
            if constant.startswith("ZX_") and isinstance(value, int) and 0 <= value < 1 << 64
        }
        narrow = False
        if call == "object_get_info" and name == "topic":
            chosen, narrow = set(abi.TOPICS_BY_VALUE), True
        elif name in _NUMBERS and call.startswith("vmar_"):
            chosen = {v for n, v in values.items() if n.startswith("ZX_VM_") and "ALIGN" not in n}
        elif name in _NUMBERS:
            chosen = _spoken_of(values, call)
            if "ZX_CLOCK_ARGS_VERSION_SHIFT" in values:  # they tell which structure follows
                versions = [n << values["ZX_CLOCK_ARGS_VERSION_SHIFT"] for n in (0, 1, 2)]
                chosen, narrow = {v | n for v in {0, *chosen} for n in versions}, True
        else:
            # zx_object_get_property's "property" is one of ZX_PROP_*, an "op" one of ZX_VMO_OP_*.
            chosen = {
                value
                for constant, value in values.items()
                if any(len(w) > 1 and name.upper().startswith(w) for w in constant.split("_")[1:])
            }
            narrow = bool(chosen)
        constants = tuple(sorted(chosen or set(values.values())))
        return self._sets.setdefault((constants, narrow), len(self._sets))

    def _record(self, struct: Struct) -> str:
        fields = [field for field in struct.fields if field.size <= 8][:_MOST_MEMBERS]
        module = next(m for m in _modules() if struct in getattr(m, "_STRUCTS", ()))
        members = [self._member(module, field) for field in fields]
        return f"    {{{struct.size}, {len(members)}, {{{', '.join(members)}}}}}, // {struct.name}"

    def _member(self, module: ModuleType, field: Field) -> str:
        if field.size == 8 and field.name.endswith(("bytes", "buffer")):
            kind = "BYTES"
        elif field.size == 8 and field.name.endswith("handles"):
            kind = "HANDLES"
        elif "num_" in field.name:
            kind = "COUNT" if field.name.endswith("bytes") else "FEW"
        else:
            kind = _MEMBERS.get(field.name, "NUMBER")
        constants = self._constants(module, field.name, "") if kind == "NUMBER" else 0
        return f"{{{field.offset}, {field.size}, KIND_{kind}, {constants}}}"


def _modules() -> list[ModuleType]:
    """The modules of the definition."""
    return [
        importlib.import_module(f"{abi.__name__}.{info.name}")
        for info in pkgutil.iter_modules(abi.__path__)
        if not info.ispkg
    ]


def _spoken_of(values: Mapping[str, int], call: str) -> set[int]:
    """The constants with the most words of a call in front, for vmo_create_child ZX_VMO_CHILD_*."""
    words = set(call.upper().split("_"))

    def alike(constant: str) -> int:
        return len(list(itertools.takewhile(words.__contains__, constant.split("_")[1:])))

    most = max(map(alike, values), default=0)
    return {value for constant, value in values.items() if alike(constant) == most > 0}


def _one_in(call: Call) -> int:
    if call.name in SELDOM:
        return SELDOM[call.name]
    if "noreturn" in call.attributes:
        return SELDOM_NORETURN
    gives_up = any(param.handle in ("release", "mixed") for param in call.params)
    return SELDOM_RELEASE if gives_up else 1


def _object_type(call: Call, param: Param) -> str:
    """The type of object that the names of a parameter and of its call speak of."""
    words = [*reversed(param.name.split("_")), call.short_name.split("_")[0]]
    if "task" in words:
        return "TYPE_TASK"
    for word in words:
        name = f"ZX_OBJ_TYPE_{_LONG.get(word, word).upper()}"
        if name in abi.CONSTANTS:
            return name
    return "ZX_OBJ_TYPE_NONE"
