"""An interface from a C header: prototypes by a C parser, constants by the preprocessor.

A prototype says less than the interface's definition does, so standard attributes add the rest:

* ``access(mode, pointer, size)`` behind the prototype (GCC's): whether a pointer is read or
  written, and which parameter counts what it points to.  Without it a pointer that is not const
  is an output, one called inout_... both, and the number whose name says so counts a buffer.
* ``use_handle``, ``acquire_handle``, ``release_handle`` behind a parameter (Clang's): what becomes
  of the handle; used and released, it depends on what is passed.  The tag names the object's type.
"""

from __future__ import annotations

import bisect
import io
import operator
import re
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NoReturn

from pcpp import Action, OutputDirective, Preprocessor
from pycparser import CParser, c_ast
from pycparser.c_parser import ParseError

from harness.errors import InputError
from harness.rubric.naming import NOUNS
from harness.rubric.rule import Interface, Place
from zxio_py.abi.model import SCALAR_TYPES, Call, Direction, Disposition, Param

#: Larger files are no headers (bytes).
_LARGEST: Final = 16 << 20


def read_header(
    path: Path,
    option_sets: tuple[str, ...] = (),
    defines: Sequence[str] = (),
    include: Sequence[Path] = (),
) -> Interface:
    """The calls and constants of a header; `InputError` names the line that cannot be read.

    *defines* are ``NAME`` or ``NAME=VALUE``; *include* are folders for ``#include``.  Files that
    are not found there are left out: types need no definition to be judged.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"larger than {_LARGEST >> 20} MiB", where=str(path))
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot read it: {error.strerror}", where=str(path)) from None
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 text: {error.reason}", where=str(path)) from None
    return read_text(text, path, option_sets, defines, include)


def read_text(
    text: str,
    path: Path = Path("<text>"),
    option_sets: tuple[str, ...] = (),
    defines: Sequence[str] = (),
    include: Sequence[Path] = (),
) -> Interface:
    """The same for the text of a header.

    Functions with a body, and names that begin with an underscore, are not part of it.
    """
    header, expanded = _preprocess(text, path, defines, include)
    constants = [*_constants(header, path)]
    plain, lines = _without_line_directives(expanded, path)
    plain, attributes = _without_attributes(plain, lines)
    prototypes = _prototypes(_parse(plain, lines))
    _attach(prototypes, attributes)
    places = {name: place for name, _, place in constants}
    places |= {p.name: lines.place(p.line) for p in prototypes}
    return Interface(
        {p.name: p.call() for p in prototypes},
        {name: value for name, value, _ in constants},
        option_sets,
        places=places,
    )


def parse_prototype(text: str) -> Call:
    """A call from its C prototype; `InputError` if it is none."""
    calls = [*read_text(text.strip().removesuffix(";") + ";").calls.values()]
    if len(calls) != 1:
        raise InputError(f"not a C prototype: {text.strip()!r}")
    return calls[0]


# ---- the preprocessor ------------------------------------------------------------------------


class _Header(Preprocessor):  # type: ignore[misc]  # pcpp has no types
    """Expands a header; what is wrong with it is an `InputError`."""

    def on_error(self, file: str, line: int, msg: str) -> NoReturn:
        raise InputError(msg, where=f"{file}:{line}")

    def on_include_not_found(self, *_: object) -> NoReturn:
        raise OutputDirective(Action.IgnoreAndRemove)

    def on_unknown_macro_in_defined_expr(self, tok: object) -> bool:
        return False

    def on_directive_unknown(
        self, directive: Any, toks: list[Any], ifpassthru: bool, precedingtoks: list[Any]
    ) -> bool | None:
        if directive.value == "error":
            message = "".join(token.value for token in toks).strip()
            self.on_error(directive.source, directive.lineno, f"#error {message}")
        return None

    def expansion(self, name: str) -> str:
        """What a macro stands for."""
        tokens = self.expand_macros([copy(token) for token in self.macros[name].value])
        return "".join(token.value for token in tokens)


def _preprocess(
    text: str, path: Path, defines: Sequence[str], include: Sequence[Path]
) -> tuple[_Header, str]:
    """The preprocessor, which knows the macros then, and the text that is left."""
    header = _Header()
    for folder in include:
        header.add_path(str(folder))
    for define in defines:
        name, _, value = define.partition("=")
        if not name.isidentifier():
            raise InputError(f"-D {define}: {name!r} is no name of a macro")
        header.define(f"{name} {value}")
    header.parse(text, str(path))
    expanded = io.StringIO()
    header.write(expanded)
    return header, expanded.getvalue()


def _constants(header: _Header, path: Path) -> Iterator[tuple[str, int, Place]]:
    """Macros of the file itself that are numbers."""
    for name, macro in header.macros.items():
        if macro.arglist is None and macro.source == str(path) and not name.startswith("__"):
            value = _evaluate(header.expansion(name))
            if value is not None:
                yield name, value, Place(path, macro.lineno)


def _evaluate(expression: str) -> int | None:
    """The value of a constant expression; None if it is something else."""
    kinds = "".join(f"typedef int {kind};" for kind in _type_names(expression))
    try:
        tree = CParser().parse(f"{kinds} int x = {expression or '}'};")
    except ParseError:
        return None
    try:
        return _value(tree.ext[-1].init)
    except (KeyError, AttributeError, ValueError, ZeroDivisionError):
        return None  # a string, a call, a name: no number


_UNARY: Final[dict[str, Callable[[int], int]]] = {
    "-": operator.neg,
    "~": operator.invert,
    "+": operator.pos,
}
_BINARY: Final[dict[str, Callable[[int, int], int]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.floordiv,
    "%": operator.mod,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": operator.lshift,
    ">>": operator.rshift,
}


def _value(node: Any) -> int:
    if isinstance(node, c_ast.Constant):
        digits = node.value.rstrip("uUlL")
        return int(digits, 8) if re.fullmatch("0[0-7]+", digits) else int(digits, 0)
    if isinstance(node, c_ast.UnaryOp):
        return _UNARY[node.op](_value(node.expr))
    if isinstance(node, c_ast.BinaryOp):
        left, right = _value(node.left), _value(node.right)
        if node.op == "<<" and not 0 <= right < 64:
            raise ValueError
        return _BINARY[node.op](left, right)
    size, signed = SCALAR_TYPES.get(_type(node.to_type.type), (8, True))
    value = _value(node.expr) & (1 << 8 * size) - 1
    return value - (1 << 8 * size) if signed and value >> 8 * size - 1 else value


# ---- attributes ------------------------------------------------------------------------------

_ATTRIBUTE: Final = re.compile(r"__attribute__\s*\(\(|\[\[")
_ATTRIBUTE_PART: Final = re.compile(r"([A-Za-z_]\w*)\s*(?:\(([^()]*)\))?")


@dataclass(frozen=True, slots=True)
class _Attribute:
    """One ``name(arguments)`` and the line (of the preprocessed text) and column it stands at."""

    name: str
    arguments: tuple[str, ...]
    line: int
    column: int


def _without_attributes(text: str, lines: _Lines) -> tuple[str, list[_Attribute]]:
    """The text with attributes blanked out, which a plain C parser does not know."""
    found: list[_Attribute] = []
    while (start := _ATTRIBUTE.search(text)) is not None:
        closing = "))" if start.group().startswith("_") else "]]"
        end = _closing(text, start.end(), closing)
        line = text.count("\n", 0, start.start()) + 1
        if end is None:
            raise InputError("an attribute without end", where=str(lines.place(line)))
        column = start.start() - text.rfind("\n", 0, start.start())
        for name, arguments in _ATTRIBUTE_PART.findall(text[start.end() : end]):
            values = tuple(argument.strip() for argument in arguments.split(","))
            found.append(_Attribute(name.strip("_"), values, line, column))
        blank = re.sub(r"[^\n]", " ", text[start.start() : end + len(closing)])
        text = text[: start.start()] + blank + text[end + len(closing) :]
    return text, found


def _closing(text: str, at: int, closing: str) -> int | None:
    """Where the brackets that were open before *at* are closed."""
    depth = 0
    for index in range(at, len(text)):
        if depth == 0 and text.startswith(closing, index):
            return index
        depth += (text[index] == "(") - (text[index] == ")")
    return None


# ---- the parser ------------------------------------------------------------------------------

_KEYWORDS: Final = frozenset(
    "auto break case char const continue default do double else enum extern float for goto if "
    "inline int long register restrict return short signed sizeof static struct switch typedef "
    "union unsigned void volatile while".split()
)

#: A name where a type stands: before the name of a parameter or a function.
_TYPE_NAME: Final = re.compile(
    r"(?<![\w.])(?<!struct )(?<!union )(?<!enum )"
    r"([A-Za-z_]\w*)(?=(?:\s+const)?(?:\s+|\s*\*[\s*]*)\w)"
    r"|\b(\w+_t)\b"
)


@dataclass(slots=True)
class _Lines:
    """From lines of the preprocessed text to those of the files."""

    starts: list[int]
    places: list[Place]

    def place(self, line: int) -> Place:
        """Where a line comes from."""
        index = max(0, bisect.bisect_right(self.starts, line) - 1)
        start = self.places[index]
        return Place(start.path, start.line + line - self.starts[index])


def _without_line_directives(text: str, path: Path) -> tuple[str, _Lines]:
    lines = _Lines([1], [Place(path, 1)])
    kept = []
    for number, line in enumerate(text.split("\n"), 1):
        directive = re.fullmatch(r'#line (\d+)(?: "(.*)")?', line.strip())
        if directive is not None:
            lines.starts.append(number + 1)
            source = Path(directive[2]) if directive[2] else lines.places[-1].path
            lines.places.append(Place(source, int(directive[1])))
        # What is left of directives (#pragma once) says nothing about the interface.
        kept.append("" if line.lstrip().startswith("#") else line)
    return "\n".join(kept), lines


def _type_names(text: str) -> set[str]:
    return {a or b for a, b in _TYPE_NAME.findall(text)} - _KEYWORDS


def _parse(text: str, lines: _Lines) -> Any:
    """The syntax tree; types that nothing defines are made up, in front of the first line."""
    kinds = "".join(f"typedef int {name};" for name in sorted(_type_names(text)))
    try:
        return CParser().parse(f"{kinds}\n{text}", "")
    except ParseError as error:
        match = re.match(r"(?:[^:]*:)?(\d+)(?::\d+)?: (.*)", str(error))
        line, message = (int(match[1]) - 1, match[2]) if match else (1, str(error))
        raise InputError(f"not C: {message}", where=str(lines.place(line))) from None


@dataclass(slots=True)
class _Prototype:
    """A function declaration with the attributes that belong to it."""

    name: str
    returns: str
    line: int
    column: int
    params: list[Param]
    #: Line and column of each parameter.
    at: list[tuple[int, int]]
    access: list[tuple[str, ...]]

    def call(self) -> Call:
        """The call, with directions and counts as far as attributes or names tell."""
        params = [*_with_counts(self.params)]
        for mode, *indices in self.access:
            index, count = (*map(int, indices), 0)[:2]
            params[index - 1] = replace(
                params[index - 1],
                direction=_ACCESS[mode],
                count=params[count - 1].name if count else None,
            )
        return Call(self.name, self.returns, tuple(params))


def _prototypes(tree: Any) -> list[_Prototype]:
    found = []
    for node in tree.ext:
        if not isinstance(node, c_ast.Decl) or not isinstance(node.type, c_ast.FuncDecl):
            continue
        if node.name.startswith("_"):
            continue
        given = node.type.args.params if node.type.args is not None else []
        params = [p for p in given if not isinstance(p, c_ast.EllipsisParam)]
        if len(params) == 1 and _type(params[0].type) == "void":
            params = []
        found.append(
            _Prototype(
                node.name,
                _type(node.type.type),
                node.coord.line - 1,
                node.coord.column,
                [_param(number, param) for number, param in enumerate(params, 1)],
                [(param.coord.line - 1, param.coord.column) for param in params],
                [],
            )
        )
    return found


def _param(number: int, node: Any) -> Param:
    name, kind = node.name or f"unnamed{number}", _type(node.type)
    direction: Direction = "in"
    if kind.endswith("*") and not kind.startswith("const "):
        direction = "inout" if name.startswith("inout") else "out"
    return Param(name, kind, direction)


def _type(node: Any) -> str:
    """A type as it is written: ``const void*``."""
    if isinstance(node, c_ast.PtrDecl | c_ast.ArrayDecl):
        target = _type(node.type)
        return target if target.endswith("()") else target + "*"
    if isinstance(node, c_ast.FuncDecl):
        return _type(node.type) + "()"
    words = [word for word in node.quals if word == "const"]
    named = node.type
    if isinstance(named, c_ast.IdentifierType):
        words += named.names
    else:
        words += [type(named).__name__.lower(), named.name or "{}"]
    return " ".join(words)


_COUNT_NAME: Final = re.compile(r"(?:num_\w+|\w*_?(?:size|len|count))$")


def _with_counts(params: list[Param]) -> Iterator[Param]:
    """Bind each buffer to its count: ``num_<buffer>``, ``<buffer>_size``, or the next number."""
    numbers = [p for p in params if not p.is_pointer and _COUNT_NAME.fullmatch(p.name)]
    for index, param in enumerate(params):
        if not param.is_pointer:
            yield param
            continue
        own = [p for p in numbers if param.name in p.name]
        after = params[index + 1] if index + 1 < len(params) else None
        if own:
            yield replace(param, count=own[0].name)
        elif after in numbers and param.pointee in ("void", "char"):
            yield replace(param, count=after.name if after else None)
        else:
            yield param


# ---- attributes and what they stand at -----------------------------------------------------------

_ACCESS: Final[dict[str, Direction]] = {
    "read_only": "in",
    "write_only": "out",
    "read_write": "inout",
    "none": "in",
}
_HANDLE: Final[dict[str, Disposition]] = {
    "use_handle": "use",
    "acquire_handle": "acquire",
    "release_handle": "release",
}


def _attach(prototypes: list[_Prototype], attributes: list[_Attribute]) -> None:
    """Give each attribute to the parameter, or the prototype, that stands before it."""
    anchors = sorted(
        anchor
        for index, prototype in enumerate(prototypes)
        for anchor in (
            (prototype.line, prototype.column, index, -1),
            *((*at, index, number) for number, at in enumerate(prototype.at)),
        )
    )
    for attribute in attributes:
        before = bisect.bisect_left(anchors, (attribute.line, attribute.column, -1, -1)) - 1
        if before < 0:
            continue
        _, _, index, number = anchors[before]
        prototype = prototypes[index]
        if attribute.name == "access" and _is_access(attribute.arguments, len(prototype.params)):
            prototype.access.append(attribute.arguments)
        elif attribute.name in _HANDLE and number >= 0:
            prototype.params[number] = _with_handle(prototype.params[number], attribute)


def _is_access(arguments: tuple[str, ...], params: int) -> bool:
    mode, *indices = arguments
    known = all(index.isdecimal() and 0 < int(index) <= params for index in indices)
    return mode in _ACCESS and 1 <= len(indices) <= 2 and known


def _with_handle(param: Param, attribute: _Attribute) -> Param:
    tag = attribute.arguments[0].strip('"')
    kind = tag if tag in NOUNS else param.object
    disposition = _HANDLE[attribute.name]
    if param.handle not in ("none", disposition):
        disposition = "mixed"
    return replace(param, handle=disposition, object=kind)
