"""Restricted mode (next)."""

from zxio_py.abi.model import Call, Param

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
        category="tasks",
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
        category="tasks",
    ),
    Call(
        "zx_restricted_write_state",
        "zx_status_t",
        (
            Param("buffer", "const void*", count="buffer_size"),
            Param("buffer_size", "size_t"),
        ),
        attributes=frozenset({"next"}),
        category="tasks",
    ),
)
