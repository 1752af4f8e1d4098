"""An interface as a C header that loses nothing: see `harness.rubric.header` for the attributes."""

from __future__ import annotations

from typing import Final

from harness.rubric.rule import Interface
from zxio_py.abi.model import Call, Param

_MODES: Final = {"in": "read_only", "out": "write_only", "inout": "read_write"}
_HANDLES: Final = {
    "none": (),
    "use": ("use_handle",),
    "acquire": ("acquire_handle",),
    "release": ("release_handle",),
    "mixed": ("use_handle", "release_handle"),
}


def annotated_header(interface: Interface) -> str:
    """Text of a header with every prototype and constant of *interface*."""
    lines = ["#pragma once", "", "#include <stddef.h>", "#include <stdint.h>", ""]
    lines += [f"#define {name} {_number(value)}" for name, value in interface.constants.items()]
    lines += ["", *(_prototype(call) for call in interface.calls.values())]
    return "\n".join(lines) + "\n"


def _number(value: int) -> str:
    return f"({value})" if value < 0 else f"{value:#x}"


def _prototype(call: Call) -> str:
    names = [param.name for param in call.params]
    params = ",\n    ".join(_param(param) for param in call.params) or "void"
    text = f"{call.returns} {call.name}({params})"
    for index, param in enumerate(call.params, 1):
        if param.is_pointer:
            count = f", {names.index(param.count) + 1}" if param.count else ""
            mode = _MODES[param.direction]
            text += f"\n    __attribute__((access({mode}, {index}{count})))"
    return text + ";"


def _param(param: Param) -> str:
    text = f"{param.type} {param.name}"
    tag = param.object or "zx"
    for attribute in _HANDLES[param.handle]:
        text += f' __attribute__(({attribute}("{tag}")))'
    return text
