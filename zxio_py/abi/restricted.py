"""Restricted mode (next): user code whose system calls come back to the process itself."""

from zxio_py.abi.model import Call, Param, Struct

_STRUCTS = (
    Struct.packed(
        "zx_x86_64_restricted_state_t",
        *(
            (name, 8)
            for name in (
                "rdi rsi rbp rbx rdx rcx rax rsp r8 r9 r10 r11 r12 r13 r14 r15 ip flags "
                "fs_base gs_base"
            ).split()
        ),
    ),
)

_CALLS = (
    Call(
        "zx_restricted_enter",
        "zx_status_t",
        (
            Param("options", "uint32_t"),
            Param("vector_table_ptr", "uintptr_t"),
            Param("context", "uintptr_t"),
        ),
        attributes=frozenset({"next"}),
        errors=("INVALID_ARGS", "BAD_STATE"),
        category="tasks",
        note="on arm64 no state is good enough to be entered with",
        runs_code=True,
    ),
    Call(
        "zx_restricted_read_state",
        "zx_status_t",
        (
            Param("buffer", "void*", "out", count="buffer_size"),
            Param("buffer_size", "size_t"),
        ),
        attributes=frozenset({"next"}),
        errors=("INVALID_ARGS",),
        category="tasks",
        note="buffer_size is that of zx_restricted_state_t, no more and no less",
    ),
    Call(
        "zx_restricted_write_state",
        "zx_status_t",
        (
            Param("buffer", "const void*", count="buffer_size"),
            Param("buffer_size", "size_t"),
        ),
        attributes=frozenset({"next"}),
        errors=("INVALID_ARGS",),
        category="tasks",
        note="what is written is judged when it is entered",
    ),
)
