"""An interface from a JSON file, for tools that have no C header.

The file is an object with ``functions``, a list of ``name``, ``return`` and ``params``; a
parameter has ``name``, ``type``, ``direction`` (in, out, inout) and, where that applies, ``count``
(the parameter that counts it) and ``handle`` (use, release, acquire; anything longer depends on
what is passed).  ``constants``, an object of names and integers, may stand beside them.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from harness.errors import InputError
from harness.rubric.rule import Interface, Place
from zxio_py.abi.model import Call, Param

_DIRECTIONS: Final = ("in", "out", "inout")
_DISPOSITIONS: Final = ("none", "use", "release", "acquire")


def read_abi_file(path: Path, option_sets: tuple[str, ...] = ()) -> Interface:
    """The interface a file defines; `InputError` names the field that is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
        document = json.loads(text)
    except OSError as error:
        raise InputError(f"cannot read it: {error.strerror}", where=str(path)) from None
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InputError(f"not JSON: {error}", where=str(path)) from None
    _expect(isinstance(document, dict), "not an object with functions", str(path))
    functions = document.get("functions")
    _expect(isinstance(functions, list), "functions is not a list", str(path))
    calls: dict[str, Call] = {}
    for index, entry in enumerate(functions):
        call = _call(entry, f"{path}: functions[{index}]")
        _expect(call.name not in calls, f"{call.name} stands there twice", str(path))
        calls[call.name] = call
    constants = document.get("constants", {})
    _expect(isinstance(constants, dict), "constants is not an object", str(path))
    for name, value in constants.items():
        _expect(type(value) is int, "not an integer", f"{path}: constants.{name}")
    return Interface(calls, constants, option_sets, places=_places(text, path))


def _call(entry: Any, where: str) -> Call:
    _expect(isinstance(entry, dict), "not an object", where)
    name, returns = (_text(entry, key, where) for key in ("name", "return"))
    params = entry.get("params", [])
    _expect(isinstance(params, list), "params is not a list", where)
    read = tuple(_param(param, f"{where}.params[{i}]") for i, param in enumerate(params))
    names = [param.name for param in read]
    for index, param in enumerate(read):
        known = param.count is None or param.count in names
        _expect(known, f"count: no parameter {param.count}", f"{where}.params[{index}]")
    return Call(name, returns, read)


def _param(entry: Any, where: str) -> Param:
    _expect(isinstance(entry, dict), "not an object", where)
    name, kind = (_text(entry, key, where) for key in ("name", "type"))
    direction = entry.get("direction", "in")
    _expect(direction in _DIRECTIONS, f"direction is not one of {', '.join(_DIRECTIONS)}", where)
    handle, count = entry.get("handle", "none"), entry.get("count")
    _expect(isinstance(handle, str), "handle is not a text", where)
    _expect(count is None or isinstance(count, str), "count is not a text", where)
    pointer = re.sub(r"\s*\*", "*", kind)
    return Param(name, pointer, direction, handle if handle in _DISPOSITIONS else "mixed", count)


def _text(entry: dict[str, Any], key: str, where: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value:
        raise InputError(f"{key} is not a text", where=where)
    return value


def _expect(holds: bool, message: str, where: str) -> None:
    if not holds:
        raise InputError(message, where=where)


def _places(text: str, path: Path) -> dict[str, Place]:
    places: dict[str, Place] = {}
    for number, line in enumerate(text.splitlines(), 1):
        for name in re.findall(r'"name"\s*:\s*"(\w+)"', line):
            places.setdefault(name, Place(path, number))
        for name in re.findall(r'"(\w+)"\s*:\s*-?\d', line):
            places.setdefault(name, Place(path, number))
    return places
