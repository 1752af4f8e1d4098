"""Futexes."""

from zxio_py.abi.model import Call, Param

_CALLS = (
    Call(
        "zx_futex_get_owner",
        "zx_status_t",
        (
            Param("value_ptr", "const zx_futex_t*"),
            Param("koid", "zx_koid_t*", "out"),
        ),
        errors=("INVALID_ARGS",),
        category="sync",
    ),
    Call(
        "zx_futex_requeue",
        "zx_status_t",
        (
            Param("value_ptr", "const zx_futex_t*"),
            Param("wake_count", "uint32_t"),
            Param("current_value", "zx_futex_t"),
            Param("requeue_ptr", "const zx_futex_t*"),
            Param("requeue_count", "uint32_t"),
            Param("new_requeue_owner", "zx_handle_t", handle="use"),
        ),
        errors=("INVALID_ARGS", "BAD_STATE", "BAD_HANDLE", "WRONG_TYPE"),
        category="sync",
    ),
    Call(
        "zx_futex_requeue_single_owner",
        "zx_status_t",
        (
            Param("value_ptr", "const zx_futex_t*"),
            Param("current_value", "zx_futex_t"),
            Param("requeue_ptr", "const zx_futex_t*"),
            Param("requeue_count", "uint32_t"),
            Param("new_requeue_owner", "zx_handle_t", handle="use"),
        ),
        errors=("INVALID_ARGS", "BAD_STATE", "BAD_HANDLE", "WRONG_TYPE"),
        category="sync",
    ),
    Call(
        "zx_futex_wait",
        "zx_status_t",
        (
            Param("value_ptr", "const zx_futex_t*"),
            Param("current_value", "zx_futex_t"),
            Param("new_futex_owner", "zx_handle_t", handle="use"),
            Param("deadline", "zx_time_t"),
        ),
        attributes=frozenset({"blocking"}),
        errors=("BAD_STATE", "INVALID_ARGS", "BAD_HANDLE", "WRONG_TYPE", "TIMED_OUT"),
        category="sync",
    ),
    Call(
        "zx_futex_wake",
        "zx_status_t",
        (
            Param("value_ptr", "const zx_futex_t*"),
            Param("wake_count", "uint32_t"),
        ),
        errors=("INVALID_ARGS",),
        category="sync",
    ),
    Call(
        "zx_futex_wake_handle_close_thread_exit",
        "void",
        (
            Param("value_ptr", "const zx_futex_t*"),
            Param("wake_count", "uint32_t"),
            Param("new_value", "int32_t"),
            Param("close_handle", "zx_handle_t", handle="release"),
        ),
        attributes=frozenset({"vdsocall", "noreturn"}),
        category="sync",
    ),
    Call(
        "zx_futex_wake_single_owner",
        "zx_status_t",
        (Param("value_ptr", "const zx_futex_t*"),),
        errors=("INVALID_ARGS",),
        category="sync",
    ),
)
