"""C headers and assembly generated from the definition of the interface.

zx/abi.h            types, constants, structures of `zxio_py.abi`
zx/syscalls.h       prototypes of the functions the vDSO exports
zx/numbers.h        call numbers (private to one build of kernel and vDSO)
zx/kernel_calls.h   prototypes of the kernel's handlers, ``sys_<call>``
zxh/share.h         the memory shared with the host (`harness.machine.layout`)
zxh/wire.h          the records in it (`harness.program.wire`)
zxh/functions.inc   one line per function a program can call, in the order of their numbers
zxh/crc32_tables.inc
                    zlib's CRC-32 of each byte, for the checksums of records
zx/vdso_entries.h   prototypes of the vDSO's kernel entries, for the vDSO's own code
zx/status_names.inc one line per status code
vdso_stubs.S        the vDSO's kernel entries
vdso_blocking.c     the blocking calls: entries that are repeated after an interruption
dispatch.c          the kernel's dispatch table over the handlers that exist
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import ModuleType

from harness.machine import layout
from harness.program import wire
from harness.program.model import GIVEN_SLOTS, Arch
from zxio_py import abi
from zxio_py.abi.model import SCALAR_TYPES, Call, Field, Param, Struct

BANNER = "// Generated from the definition of the interface; do not edit.\n"

#: Members whose C type does not follow from their size alone.
_CHARACTER_FIELDS = frozenset({"name", "message"})
_WORD_ARRAYS = frozenset({"handle_count"})
_SIGNED_FIELDS = frozenset(
    {
        "backstop_time",
        "cpu_time",
        "deadline",
        "min_slack",
        "queue_time",
        "rate_adjust",
        "reference_offset",
        "reference_value",
        "result",
        "return_code",
        "slack",
        "start_time",
        "status",
        "synthetic_offset",
        "synthetic_value",
        "timestamp",
        "value",
    }
)


def abi_header() -> str:
    """Text of ``zx/abi.h``."""
    parts = [BANNER, "#pragma once\n\n#include <stddef.h>\n#include <stdint.h>\n"]
    parts += [
        f"typedef {_integer(size, signed)} {name};"
        for name, (size, signed) in SCALAR_TYPES.items()
        if name.startswith("zx_")
    ]
    parts.append(
        "\ntypedef struct {\n    const char* c_str;\n    size_t length;\n} zx_string_view_t;"
    )
    parts += [f"\n{_struct(struct)}" for struct in abi.STRUCTS.values()]
    parts += [
        f"typedef struct {name.removesuffix('_t')} {name};" for name in sorted(_opaque_types())
    ]
    parts.append("")
    parts += [_define(name, value) for name, value in abi.CONSTANTS.items()]
    return "\n".join(parts) + "\n"


def syscalls_header() -> str:
    """Text of ``zx/syscalls.h``: each exported function and its ``_zx_`` alias."""
    lines = [BANNER, '#pragma once\n\n#include "zx/abi.h"\n']
    for call in abi.CALLS.values():
        if call.exported:
            attribute = "__attribute__((noreturn)) " if "noreturn" in call.attributes else ""
            lines.append(f"{attribute}{call.prototype};")
            lines.append(f"{attribute}{call.prototype.replace(call.name, '_' + call.name, 1)};")
    return "\n".join(lines) + "\n"


def numbers_header() -> str:
    """Text of ``zx/numbers.h``."""
    lines = [BANNER, "#pragma once\n"]
    lines += [
        f"#define ZX_SYS_{name.removeprefix('zx_')} {number}"
        for name, number in abi.NUMBERS.items()
    ]
    lines.append(f"#define ZX_SYS_COUNT {len(abi.NUMBERS)}")
    return "\n".join(lines) + "\n"


def kernel_calls_header() -> str:
    """Text of ``zx/kernel_calls.h``: handlers take user addresses as ``uaddr_t``."""
    lines = [
        BANNER,
        '#pragma once\n\n#include "zx/abi.h"\n',
        "// An address in the caller's space: only the user-copy functions may follow it.",
        "typedef uint64_t uaddr_t;\n",
    ]
    lines += [f"{_handler_prototype(call)};" for call in _kernel_entries()]
    return "\n".join(lines) + "\n"


def share_header() -> str:
    """Text of ``zxh/share.h``."""
    return _layout_header(layout)


def wire_header() -> str:
    """Text of ``zxh/wire.h``."""
    return _layout_header(wire) + "".join(
        f"#define ZXH_{prefix}_{(name or 'none').strip('$').upper()} {number}\n"
        for prefix, names in {
            "ENDING": wire.ENDINGS,
            "FAULT": wire.FAULTS,
            "GIVEN": GIVEN_SLOTS,
            "HANDLE_STATE": wire.HANDLE_STATES,
            "POINTER": wire.POINTER_KINDS,
            "PSEUDO": wire.PSEUDO_CALLS,
            "RETURN": wire.RETURN_FORMS,
            "VDSO_NUMBER": wire.VDSO_NUMBERS,
        }.items()
        for number, name in enumerate(names)
    )


def wire_functions() -> str:
    """Text of ``zxh/functions.inc``."""
    lines = [BANNER]
    lines += [f"VDSO_FUNCTION({name})" for name in wire.VDSO_FUNCTIONS]
    lines += [f"ZXIO_FUNCTION({name})" for name in wire.ZXIO_FUNCTIONS]
    return "\n".join(lines) + "\n"


def crc32_tables() -> str:
    """Text of ``zxh/crc32_tables.inc``: zlib's CRC-32 of each byte, followed by 0 to 7 zeros."""
    tables = [[_crc32_step(byte, 8) for byte in range(256)]]
    for _ in range(7):
        tables.append([_crc32_step(value, 8) for value in tables[-1]])
    rows = ["{" + ", ".join(f"{value:#x}" for value in table) + "}," for table in tables]
    return "\n".join([BANNER, *rows]) + "\n"


def _crc32_step(crc: int, bits: int) -> int:
    for _ in range(bits):
        crc = crc >> 1 ^ (0xEDB88320 if crc & 1 else 0)
    return crc


def _layout_header(module: ModuleType) -> str:
    """The integers and structures of a module that lays out memory, prefixed ``ZXH_``."""
    lines = [BANNER, "#pragma once\n\n#include <stddef.h>\n#include <stdint.h>\n"]
    lines += [
        _define(f"ZXH_{name}", value)
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, int)
    ]
    lines += [f"\n{_struct(struct)}" for struct in module.STRUCTS]
    return "\n".join(lines) + "\n"


# ---- the vDSO ----------------------------------------------------------------------------


def vdso_entries_header() -> str:
    """Text of ``zx/vdso_entries.h``: the hidden entries ``SYSCALL_zx_f``."""
    lines = [BANNER, '#pragma once\n\n#include "zx/syscalls.h"\n']
    for call in _kernel_entries():
        prototype = call.prototype.replace(call.name, f"SYSCALL_{call.name}", 1)
        lines.append(f'__attribute__((visibility("hidden"))) {prototype};')
    return "\n".join(lines) + "\n"


def status_names() -> str:
    """Text of ``zx/status_names.inc``: ``STATUS(code)`` for every status code."""
    names = [name for name in vars(abi.status) if name == "ZX_OK" or name.startswith("ZX_ERR_")]
    return "\n".join([BANNER, *(f"STATUS({name})" for name in names)]) + "\n"


def vdso_blocking() -> str:
    """Text of ``vdso_blocking.c``: a wait that was interrupted is made again by the vDSO."""
    lines = [BANNER, '#include "internal.h"']
    for call in _kernel_entries():
        if _is_wrapped(call):
            prototype = call.prototype.replace(call.name, f"_{call.name}", 1)
            arguments = ", ".join(param.name for param in call.params)
            lines += [
                "",
                f"VDSO_FUNCTION {prototype} {{",
                "    zx_status_t status;",
                "    do {",
                f"        status = SYSCALL_{call.name}({arguments});",
                "    } while (status == ZX_ERR_INTERNAL_INTR_RETRY);",
                "    return status;",
                "}",
                f"VDSO_EXPORT({call.name});",
            ]
    return "\n".join(lines) + "\n"


def _is_wrapped(call: Call) -> bool:
    return call.exported and "blocking" in call.attributes


def vdso_stubs(arch: Arch) -> str:
    """Text of ``vdso_stubs.S``.

    Each kernel entry is one instruction that traps, with a local label behind it
    (``vdso_return_zx_f``): the kernel accepts call number f from that address only.  Exported
    entries get the strong name ``_zx_f`` and the weak name ``zx_f``; internal ones, and those that
    `vdso_blocking` wraps, only the hidden ``SYSCALL_zx_f``.
    """
    stub = {"x86_64": _stub_x86_64, "arm64": _stub_arm64}[arch]
    lines = [BANNER.replace("//", "//"), ".text"]
    for call in _kernel_entries():
        lines += [
            "",
            ".p2align 4",
            f".globl SYSCALL_{call.name}",
            f".hidden SYSCALL_{call.name}",
            f".type SYSCALL_{call.name}, %function",
            f"SYSCALL_{call.name}:",
            "    .cfi_startproc",
            *(f"    {line}" for line in stub(call)),
            "    .cfi_endproc",
            f".size SYSCALL_{call.name}, . - SYSCALL_{call.name}",
        ]
        if call.exported and not _is_wrapped(call):
            lines += [
                f".globl _{call.name}",
                f".type _{call.name}, %function",
                f".set _{call.name}, SYSCALL_{call.name}",
                f".size _{call.name}, . - SYSCALL_{call.name}",
                f".weak {call.name}",
                f".type {call.name}, %function",
                f".set {call.name}, SYSCALL_{call.name}",
                f".size {call.name}, . - SYSCALL_{call.name}",
            ]
    return "\n".join(lines) + '\n\n.section .note.GNU-stack, "", %progbits\n'


def _stub_x86_64(call: Call) -> list[str]:
    # The function call passes arguments 7 and 8 on the stack, the kernel call in r12 and r13.
    count = len(call.params)
    lines = []
    if count >= 4:
        lines.append("mov %rcx, %r10")
    if count == 7:
        lines += ["push %r12", ".cfi_adjust_cfa_offset 8", "mov 16(%rsp), %r12"]
    elif count == 8:
        lines += ["push %r12", ".cfi_adjust_cfa_offset 8", "push %r13", ".cfi_adjust_cfa_offset 8"]
        lines += ["mov 24(%rsp), %r12", "mov 32(%rsp), %r13"]
    lines += [f"mov ${abi.NUMBERS[call.name]}, %eax", "syscall", f"vdso_return_{call.name}:"]
    if count == 8:
        lines += ["pop %r13", ".cfi_adjust_cfa_offset -8"]
    if count >= 7:
        lines += ["pop %r12", ".cfi_adjust_cfa_offset -8"]
    return [*lines, "ret"]


def _stub_arm64(call: Call) -> list[str]:
    return [
        f"mov x16, #{abi.NUMBERS[call.name]}",
        "svc #0",
        f"vdso_return_{call.name}:",
        "ret",
    ]


# ---- the kernel's dispatch table ---------------------------------------------------------


def dispatch_source(
    implemented: Collection[str],
    return_offsets: Mapping[str, int],
    exit_return_offsets: Mapping[str, int],
) -> str:
    """Text of ``dispatch.c``.

    *implemented* names the calls whose ``sys_`` handler exists; the table has NULL for others.
    *return_offsets* gives, per call, the offset in the vDSO image behind its trap instruction,
    *exit_return_offsets* that of a second one where the vDSO has two.
    """
    lines = [BANNER, '#include "syscall.h"\n\n#include "vdso_layout.h"\n']
    lines.append('#include "zx/kernel_calls.h"\n')
    entries = _kernel_entries()
    for call in entries:
        if call.name in implemented:
            lines.append(_wrapper(call))
    lines.append("const struct syscall_entry syscall_table[ZX_SYS_COUNT] = {")
    for call in entries:
        handler = f"call_{call.short_name}" if call.name in implemented else "0"
        number = f"ZX_SYS_{call.short_name}"
        offsets = f"{return_offsets[call.name]}, {exit_return_offsets.get(call.name, 0)}"
        lines.append(f'    [{number}] = {{{handler}, {offsets}, "{call.name}"}},')
    lines.append("};\n")
    lines.append("const struct vdso_layout vdso_layout = {")
    for member in ("CODE_OFFSET", "CODE_SIZE", "SIZE", "CONSTANTS_OFFSET"):
        lines.append(f"    .{member.lower()} = VDSO_{member},")
    lines.append("};")
    return "\n".join(lines) + "\n"


def _wrapper(call: Call) -> str:
    arguments = ", ".join(
        f"({_register_type(param)})args[{index}]" for index, param in enumerate(call.params)
    )
    invoke = f"sys_{call.short_name}({arguments})"
    body = f"{invoke};\n    return 0;" if call.returns == "void" else f"return (uint64_t){invoke};"
    unused = "" if call.params else "    (void)args;\n"
    return (
        f"static uint64_t call_{call.short_name}(const uint64_t* args) {{\n{unused}    {body}\n}}\n"
    )


def _handler_prototype(call: Call) -> str:
    params = ", ".join(f"{_register_type(p)} {p.name}" for p in call.params) or "void"
    return f"{call.returns} sys_{call.short_name}({params})"


def _register_type(param: Param) -> str:
    return "uaddr_t" if param.is_pointer else param.type


def _kernel_entries() -> list[Call]:
    return [abi.CALLS[name] for name in abi.NUMBERS]


# ---- C fragments -------------------------------------------------------------------------


def _struct(struct: Struct) -> str:
    lines = ["typedef struct {"]
    lines += [f"    {_member(field)};" for field in struct.fields]
    # A pointer-sized alignment need not follow from byte arrays.
    lines.append(f"}} __attribute__((aligned({struct.align}))) {struct.name};")
    lines.append(f'_Static_assert(sizeof({struct.name}) == {struct.size}, "{struct.name}");')
    lines += [
        f"_Static_assert(offsetof({struct.name}, {_c_name(field)}) == {field.offset}, "
        f'"{struct.name}.{field.name}");'
        for field in struct.fields
    ]
    return "\n".join(lines)


def _member(field: Field) -> str:
    name = _c_name(field)
    if field.size in (1, 2, 4, 8):
        return f"{_integer(field.size, field.name in _SIGNED_FIELDS)} {name}"
    if field.name in _CHARACTER_FIELDS:
        return f"char {name}[{field.size}]"
    if field.size % 8 == 0 and field.offset % 8 == 0 and field.name not in _WORD_ARRAYS:
        return f"uint64_t {name}[{field.size // 8}]"
    if field.size % 4 == 0 and field.offset % 4 == 0:
        return f"uint32_t {name}[{field.size // 4}]"
    return f"uint8_t {name}[{field.size}]"


def _c_name(field: Field) -> str:
    return field.name.replace(".", "_")


def _integer(size: int, signed: bool) -> str:
    return f"{'' if signed else 'u'}int{size * 8}_t"


def _define(name: str, value: int) -> str:
    if value == -(2**63):
        return f"#define {name} (-0x7fffffffffffffff - 1)"
    suffix = "u" if value >= 2**31 else ""
    if value >= 2**32:
        suffix = "ull" if value >= 2**63 else "ll"
    text = f"{value:#x}" if value >= 4096 else str(value)
    return f"#define {name} {text}{suffix}" if value >= 0 else f"#define {name} ({text})"


def _opaque_types() -> Iterable[str]:
    known = set(SCALAR_TYPES) | set(abi.STRUCTS) | {"void", "char"}
    return {
        param.pointee
        for call in abi.CALLS.values()
        for param in call.params
        if param.is_pointer and param.pointee not in known
    }
