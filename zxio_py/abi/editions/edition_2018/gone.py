"""Functions of May 2018 that late 2022 does not have any more."""

from zxio_py.abi.model import Call, Param

GONE: tuple[Call, ...] = (
    Call(
        "zx_clock_get",
        "zx_time_t",
        (Param("clock_id", "uint32_t"),),
        category="time",
    ),
    Call(
        "zx_clock_adjust",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("clock_id", "uint32_t"),
            Param("offset", "int64_t"),
        ),
        category="time",
    ),
    Call(
        "zx_system_get_version",
        "zx_status_t",
        (
            Param("version", "char*", "out", count="version_len"),
            Param("version_len", "uint32_t"),
        ),
        frozenset({"vdsocall"}),
    ),
    Call(
        "zx_object_set_cookie",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("scope", "zx_handle_t", handle="use"),
            Param("cookie", "uint64_t"),
        ),
    ),
    Call(
        "zx_object_get_cookie",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("scope", "zx_handle_t", handle="use"),
            Param("cookie", "uint64_t*", "out"),
        ),
    ),
    Call(
        "zx_socket_share",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("socket_to_share", "zx_handle_t", handle="use"),
        ),
    ),
    Call(
        "zx_socket_accept",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("out_socket", "zx_handle_t*", "out", handle="acquire"),
        ),
    ),
    Call(
        "zx_thread_set_priority",
        "zx_status_t",
        (Param("prio", "int32_t"),),
    ),
    Call(
        "zx_task_bind_exception_port",
        "zx_status_t",
        (
            Param("object", "zx_handle_t", handle="use"),
            Param("eport", "zx_handle_t", handle="use"),
            Param("key", "uint64_t"),
            Param("options", "uint32_t"),
        ),
    ),
    Call(
        "zx_task_resume",
        "zx_status_t",
        (
            Param("task_handle", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
        ),
    ),
    Call(
        "zx_task_resume_from_exception",
        "zx_status_t",
        (
            Param("task_handle", "zx_handle_t", handle="use"),
            Param("eport", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
        ),
    ),
    Call(
        "zx_vmo_clone",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("offset", "uint64_t"),
            Param("size", "uint64_t"),
            Param("out", "zx_handle_t*", "out", handle="acquire"),
        ),
    ),
    Call(
        "zx_fifo_read_old",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("data", "void*", "out", count="len"),
            Param("len", "size_t"),
            Param("num_written", "uint32_t*", "out"),
        ),
    ),
    Call(
        "zx_fifo_write_old",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("data", "const void*", count="len"),
            Param("len", "size_t"),
            Param("num_written", "uint32_t*", "out"),
        ),
    ),
    Call(
        "zx_log_create",
        "zx_status_t",
        (
            Param("options", "uint32_t"),
            Param("out", "zx_handle_t*", "out", handle="acquire"),
        ),
    ),
    Call(
        "zx_log_write",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("len", "uint32_t"),
            Param("buffer", "const void*", count="len"),
            Param("options", "uint32_t"),
        ),
    ),
    Call(
        "zx_log_read",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("len", "uint32_t"),
            Param("buffer", "void*", "out", count="len"),
            Param("options", "uint32_t"),
        ),
    ),
    Call(
        "zx_mmap_device_io",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("io_addr", "uint32_t"),
            Param("len", "uint32_t"),
        ),
    ),
    Call(
        "zx_bootloader_fb_get_info",
        "zx_status_t",
        (
            Param("format", "uint32_t*", "out"),
            Param("width", "uint32_t*", "out"),
            Param("height", "uint32_t*", "out"),
            Param("stride", "uint32_t*", "out"),
        ),
    ),
    Call(
        "zx_set_framebuffer",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("vaddr", "void*", "inout"),
            Param("len", "uint32_t"),
            Param("format", "uint32_t"),
            Param("width", "uint32_t"),
            Param("height", "uint32_t"),
            Param("stride", "uint32_t"),
        ),
    ),
    Call(
        "zx_set_framebuffer_vmo",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("vmo", "zx_handle_t", handle="use"),
            Param("len", "uint32_t"),
            Param("format", "uint32_t"),
            Param("width", "uint32_t"),
            Param("height", "uint32_t"),
            Param("stride", "uint32_t"),
        ),
    ),
    Call(
        "zx_vcpu_resume",
        "zx_status_t",
        (
            Param("vcpu", "zx_handle_t", handle="use"),
            Param("packet", "zx_port_packet_t*", "out"),
        ),
    ),
    Call(
        "zx_job_set_relative_importance",
        "zx_status_t",
        (
            Param("root_resource", "zx_handle_t", handle="use"),
            Param("job", "zx_handle_t", handle="use"),
            Param("less_important_job", "zx_handle_t", handle="use"),
        ),
    ),
)
