"""Program files: JSON in, checked programs out.

Every mistake is one `InputError` that names the file, the program, the thread, the step and the
argument.  The reader of arguments is in `arguments`; here are the file, the program and the step.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn, cast, get_args

from harness.errors import InputError
from harness.program.arguments import ArgumentReader
from harness.program.items import Names
from harness.program.model import (
    GIVEN_SLOTS,
    MAX_ARGS,
    MAX_PSEUDO_ARGS,
    MAX_REPEAT,
    MAX_STEPS,
    MAX_THREADS,
    Arch,
    Arg,
    Number,
    Program,
    ReturnForm,
    Step,
)
from harness.program.values import BadValueError, brief, integer
from zxio_py.abi import CALLS, CONSTANTS
from zxio_py.abi.model import Call
from zxio_py.abi.zxio import ZXIO_CALLS

FORMAT: Final = "zx-program/1"
EDITION: Final = "2022"
MAX_FILE_BYTES: Final = 64 << 20

_PROGRAM_NAME: Final = re.compile(r"[a-z0-9_]{1,128}")
#: What a divergence was found with (see `harness.fuzz.found`) is nothing for whoever runs it.
_FILE_KEYS: Final = frozenset({"format", "edition", "programs", "found"})
_PROGRAM_KEYS: Final = frozenset(
    {"name", "note", "arch", "policy", "debugging", "steps", "threads"}
)
_STEP_KEYS: Final = frozenset({"call", "args", "repeat", "min_ns", "ret"})
_ARCHS: Final = frozenset(get_args(Arch))
_RETURN_FORMS: Final = frozenset(get_args(ReturnForm))
_MAX_NOTE: Final = 4096

#: What the policy of a program's job names, by its name.
POLICY_ACTIONS: Final = {
    name: value for name, value in CONSTANTS.items() if name.startswith("ZX_POL_ACTION_")
}
POLICY_CONDITIONS: Final = {
    name: value
    for name, value in CONSTANTS.items()
    if name.startswith("ZX_POL_") and not name.startswith(("ZX_POL_ACTION_", "ZX_POL_OVERRIDE_"))
}


def default_return(returns: str) -> ReturnForm:
    """How a value of C type *returns* is reported by a step that does not say.

    A status as a status; counts and sizes in full; times, ticks and addresses, which differ from
    run to run, only as zero or not; nothing for ``void``.
    """
    if returns == "zx_status_t":
        return "status"
    if returns == "void":
        return "none"
    if returns in ("zx_time_t", "zx_ticks_t", "zx_string_view_t") or returns.endswith("*"):
        return "mask"
    return "u64"


#: What a step can call besides the pseudo calls: exported functions of the vDSO and of zxio.
FUNCTIONS: Final[dict[str, Call]] = {
    name: call for name, call in (*CALLS.items(), *ZXIO_CALLS.items()) if call.exported
}

#: The form in which a step that does not say reports the returned value.
DEFAULT_RETURNS: Final[dict[str, ReturnForm]] = {
    "$buf": "none",
    "$show": "none",
    "$spawn": "status",
    "$join": "status",
    "$load": "u64",
    "$store": "none",
    **{name: default_return(call.returns) for name, call in FUNCTIONS.items()},
}


def read_programs(path: Path) -> list[Program]:
    """Programs of the file *path*; `InputError` if it cannot be read or is not well formed."""
    return parse_programs(read_input(path), str(path))


def read_input(path: Path) -> bytes:
    """Contents of an input file of at most `MAX_FILE_BYTES`; `InputError` otherwise."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot read it: {error.strerror}", where=str(path)) from None
    if len(data) > MAX_FILE_BYTES:
        raise InputError(f"larger than {MAX_FILE_BYTES >> 20} MiB", where=str(path))
    return data


def parse_programs(data: bytes, source: str) -> list[Program]:
    """Programs of an exchange file's contents; *source* names it in errors."""
    document = parse_json(data, source)
    if type(document) is dict:
        if document.get("format") != FORMAT:
            raise InputError(
                f'"format" is {brief(document.get("format"))}, not "{FORMAT}"', where=source
            )
        if document.get("edition", EDITION) != EDITION:
            raise InputError(
                f'"edition" is {brief(document["edition"])}, not "{EDITION}"', where=source
            )
        for key in document:
            if key not in _FILE_KEYS:
                raise InputError(f"unknown key {brief(key)}", where=source)
        document = document.get("programs")
    if type(document) is not list:
        raise InputError("no list of programs", where=source)
    return parse_list(document, source)


def parse_list(entries: Sequence[Any], source: str) -> list[Program]:
    """Programs of a list of JSON programs with different names."""
    programs = []
    seen: dict[str, int] = {}
    for index, entry in enumerate(entries):
        program = parse_program(entry, source, index)
        earlier = seen.setdefault(program.name, index)
        if earlier != index:
            raise InputError(
                f"program {earlier} has the same name", where=_place(source, index, program.name)
            )
        programs.append(program)
    return programs


def parse_program(entry: Any, source: str = "", index: int = 0) -> Program:
    """One program from its decoded JSON."""
    return _ProgramReader(source, index).program(entry)


def parse_json(data: bytes, source: str) -> Any:
    """Decode JSON strictly: UTF-8, no NaN, no key twice in one object."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 at byte {error.start}", where=source) from None
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise InputError(
            f"not JSON: line {error.lineno}, column {error.colno}: {error.msg}", where=source
        ) from None
    except BadValueError as error:
        raise InputError(f"not JSON: {error}", where=source) from None
    except RecursionError:
        raise InputError("not a program file: nested too deeply", where=source) from None
    except ValueError as error:  # a number of thousands of digits
        raise InputError(f"not JSON: {error}", where=source) from None


def _no_constant(name: str) -> NoReturn:
    raise BadValueError(f"{name} is no JSON value")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise BadValueError(f"key {brief(twice)} appears twice in one object")
    return result


def _place(source: str, index: int, name: str | None) -> str:
    program = f"program {index}" + (f' "{name}"' if name else "")
    return f"{source}: {program}" if source else program


class _ProgramReader:
    """Reads one program; knows where it is, for errors."""

    def __init__(self, source: str, index: int) -> None:
        self._source = source
        self._index = index
        self._name: str | None = None
        self._inner = ""
        self._argument: int | None = None
        self._names = Names()
        self._reader = ArgumentReader(self._names)
        self._spawned: dict[str, int] = {}
        self._steps = 0

    def _fail(self, problem: str) -> NoReturn:
        where = _place(self._source, self._index, self._name) + self._inner
        if self._argument is not None:
            where += f": argument {self._argument}"
        raise InputError(problem, where=where) from None

    def program(self, entry: Any) -> Program:
        """The program, or `InputError`."""
        if type(entry) is not dict:
            self._fail(f"{brief(entry)} is not a program")
        name = entry.get("name")
        if type(name) is not str or not _PROGRAM_NAME.fullmatch(name):
            self._fail(f"name {brief(name)} is not snake_case of at most 128 characters")
        self._name = name
        for key in entry:
            if key not in _PROGRAM_KEYS:
                self._fail(f"unknown key {brief(key)}")
        note = entry.get("note", "")
        if type(note) is not str or len(note) > _MAX_NOTE or not _encodable(note):
            self._fail(f"note is not a text of at most {_MAX_NOTE} characters")
        arch = self._arch(entry.get("arch"))
        policy = self._policy(entry.get("policy"))
        debugging = entry.get("debugging", False)
        if type(debugging) is not bool:
            self._fail(f"debugging is {brief(debugging)}, not true or false")
        threads = entry.get("threads", {})
        if type(threads) is not dict:
            self._fail("threads is not an object of step lists")
        if len(threads) > MAX_THREADS:
            self._fail(f"{len(threads)} helper threads, at most {MAX_THREADS}")
        for thread in threads:
            if not thread or len(thread) > 64 or not thread.isprintable():
                self._fail(f"{brief(thread)} is not a name of a thread")

        uses: dict[str, list[tuple[int, str, str]]] = {}
        stores: dict[str, dict[str, int]] = {}
        main = self._step_list(entry.get("steps"), None, threads, uses, stores)
        helpers = {
            thread: self._step_list(steps, thread, threads, uses, stores)
            for thread, steps in threads.items()
        }
        self._check_slots(uses, stores)
        self._check_library(policy, (main, *helpers.values()))
        slots = self._names.slots
        given = [slot for slot in GIVEN_SLOTS if slot in slots]
        return Program(
            name=name,
            steps=main,
            threads=helpers,
            note=note,
            arch=arch,
            policy=policy,
            debugging=debugging,
            slots=(*given, *(slot for slot in slots if not slot.startswith("$"))),
            buffers=tuple(self._names.buffers),
            storages=tuple(self._names.storages),
            source=_place(self._source, self._index, name),
        )

    def _arch(self, value: Any) -> frozenset[Arch]:
        if value is None:
            return frozenset()
        if type(value) is not list or not value:
            self._fail("arch is not a list of architectures")
        for arch in value:
            if type(arch) is not str or arch not in _ARCHS:
                self._fail(f"unknown architecture {brief(arch)}")
        return frozenset(cast(list[Arch], value))

    def _policy(self, value: Any) -> dict[int, int]:
        if value is None:
            return {}
        if type(value) is not dict or not value:
            self._fail("policy is not an object of conditions and actions")
        policy = {}
        for condition, action in value.items():
            if condition not in POLICY_CONDITIONS:
                self._fail(f"policy: unknown condition {brief(condition)}")
            if type(action) is not str or action not in POLICY_ACTIONS:
                self._fail(f"policy: unknown action {brief(action)}")
            policy[POLICY_CONDITIONS[condition]] = POLICY_ACTIONS[action]
        return policy

    def _check_library(self, policy: Mapping[int, int], lists: Iterable[tuple[Step, ...]]) -> None:
        """Guests load the zxio library in the program's own process, which takes VMOs."""
        allow = CONSTANTS["ZX_POL_ACTION_ALLOW"]
        others = policy.get(CONSTANTS["ZX_POL_NEW_ANY"], allow)
        if policy.get(CONSTANTS["ZX_POL_NEW_VMO"], others) == allow:
            return
        if any(step.is_zxio for steps in lists for step in steps):
            self._fail("policy: the zxio library cannot be loaded where new VMOs are denied")

    def _step_list(
        self,
        steps: Any,
        thread: str | None,
        threads: dict[str, Any],
        uses: dict[str, list[tuple[int, str, str]]],
        stores: dict[str, dict[str, int]],
    ) -> tuple[Step, ...]:
        """Steps of the main thread (*thread* None) or a helper; notes what slots they use."""
        self._inner = f": thread {brief(thread)}" if thread else ""
        if type(steps) is not list:
            self._fail("steps is not a list" if thread is None else "not a list of steps")
        if self._steps + len(steps) > MAX_STEPS:
            self._fail(f"more than {MAX_STEPS} steps in the program")
        self._steps += len(steps)
        key = thread or ""
        used = uses.setdefault(key, [])
        stored = stores.setdefault(key, {})
        names = self._names
        result = []
        outer = self._inner
        for number, entry in enumerate(steps):
            self._inner = f"{outer}: step {number}"
            self._argument = None
            step = self._step(entry, thread, threads)
            result.append(step)
            if names.used:
                used.extend((number, step.call, slot) for slot in names.used)
                names.used.clear()
            if names.stored:
                for slot in names.stored:
                    stored.setdefault(slot, number)
                names.stored.clear()
            if step.thread is not None and step.call == "$spawn":
                self._spawned[step.thread] = number
        self._inner = outer
        self._argument = None
        return tuple(result)

    def _step(self, entry: Any, thread: str | None, threads: dict[str, Any]) -> Step:
        if type(entry) is not dict:
            self._fail(f"{brief(entry)} is not a step")
        call = entry.get("call")
        if type(call) is not str or call not in DEFAULT_RETURNS:
            self._fail(f"unknown call {brief(call)}")
        form = DEFAULT_RETURNS[call]
        self._inner += f" ({call})"
        repeat, min_ns = 1, None
        if len(entry) > 2 or "args" not in entry:
            for key in entry:
                if key not in _STEP_KEYS:
                    self._fail(f"unknown key {brief(key)}")
            try:
                repeat = integer(entry.get("repeat", 1), 1, MAX_REPEAT)
            except BadValueError as error:
                self._fail(f"repeat: {error}")
            if "min_ns" in entry:
                try:
                    min_ns = integer(entry["min_ns"], 0, (1 << 63) - 1)
                except BadValueError as error:
                    self._fail(f"min_ns: {error}")
            if "ret" in entry:
                form = entry["ret"]
                if type(form) is not str or form not in _RETURN_FORMS:
                    self._fail(f"ret is {brief(form)}, not one of {' '.join(get_args(ReturnForm))}")
        args = entry.get("args", [])
        if type(args) is not list:
            self._fail("args is not a list")
        if call[0] == "$":
            if repeat != 1:
                self._fail(f"{call} cannot be repeated")
            return self._pseudo(call, args, min_ns, form, thread, threads)
        if len(args) > MAX_ARGS:
            self._fail(f"{len(args)} arguments, at most {MAX_ARGS}")
        return Step(call, self._arguments(args), repeat, min_ns, form)

    def _arguments(self, args: Sequence[Any]) -> tuple[Arg, ...]:
        read = self._reader.argument
        result = []
        number = 0
        try:
            for value in args:
                result.append(read(value))
                number += 1
        except BadValueError as error:
            self._argument = number
            self._fail(str(error))
        return tuple(result)

    def _pseudo(
        self,
        call: str,
        args: list[Any],
        min_ns: int | None,
        form: ReturnForm,
        thread: str | None,
        threads: dict[str, Any],
    ) -> Step:
        if call in ("$spawn", "$join"):
            return self._thread_step(call, args, min_ns, form, thread, threads)
        if len(args) > MAX_PSEUDO_ARGS:
            self._fail(f"{len(args)} arguments, at most {MAX_PSEUDO_ARGS}")
        if call == "$show":
            result = []
            for number, value in enumerate(args):
                self._argument = number
                try:
                    result.append(self._reader.report_reference(value))
                except BadValueError as error:
                    self._fail(str(error))
            self._argument = None
            return Step(call, tuple(result), 1, min_ns, form)
        values = self._arguments(args)
        if call in ("$load", "$store"):
            wanted = 2 if call == "$load" else 3
            if len(values) != wanted:
                self._fail(f"{len(values)} arguments, not {wanted}")
            size = values[1]
            if not isinstance(size, Number) or not {size.x86_64, size.arm64} <= {1, 2, 4, 8}:
                self._argument = 1
                self._fail("the size is not 1, 2, 4 or 8")
        return Step(call, values, 1, min_ns, form)

    def _thread_step(
        self,
        call: str,
        args: list[Any],
        min_ns: int | None,
        form: ReturnForm,
        thread: str | None,
        threads: dict[str, Any],
    ) -> Step:
        if thread is not None:
            self._fail("only the main thread starts and joins helpers")
        if len(args) != 1 or type(args[0]) is not str:
            self._fail("takes the name of one helper thread")
        helper = args[0]
        if helper not in threads:
            self._fail(f"no helper thread {brief(helper)}")
        if call == "$spawn" and helper in self._spawned:
            self._fail(f"helper thread {brief(helper)} is started twice")
        if call == "$join" and helper not in self._spawned:
            self._fail(f"helper thread {brief(helper)} was not started before")
        return Step(call, (), 1, min_ns, form, helper)

    def _check_slots(
        self, uses: dict[str, list[tuple[int, str, str]]], stores: dict[str, dict[str, int]]
    ) -> None:
        """A slot must be stored to by an earlier step or by a thread that may run by then."""
        for thread, used in uses.items():
            own = stores[thread]
            for number, call, slot in used:
                if slot[0] == "$" or own.get(slot, number) < number:
                    continue
                if any(
                    slot in other and (thread or self._spawned.get(name, number) < number)
                    for name, other in stores.items()
                    if name != thread
                ):
                    continue
                self._inner = f": thread {brief(thread)}" if thread else ""
                self._inner += f": step {number} ({call})"
                self._fail(f"slot {brief(slot)} is used before any step can have set it")


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
