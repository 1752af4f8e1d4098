"""The interface of May 2018, written down as what differs from late 2022."""

from zxio_py import abi
from zxio_py.abi.editions.edition import Edition
from zxio_py.abi.editions.edition_2018 import constants
from zxio_py.abi.editions.edition_2018.changed import CHANGED
from zxio_py.abi.editions.edition_2018.gone import GONE
from zxio_py.abi.editions.edition_2018.records import RECORDS

#: Functions that came after May 2018.
ADDED: frozenset[str] = frozenset(
    """
    zx_channel_call_etc zx_channel_call_etc_finish zx_channel_call_etc_noretry
    zx_channel_write_etc
    zx_clock_create zx_clock_get_details zx_clock_get_monotonic
    zx_clock_get_monotonic_via_kernel zx_clock_read zx_clock_update
    zx_cprng_draw_once
    zx_exception_get_process zx_exception_get_thread
    zx_framebuffer_get_info zx_framebuffer_set_range
    zx_futex_get_owner zx_futex_requeue_single_owner zx_futex_wake_single_owner
    zx_handle_close_many
    zx_ioports_release zx_ioports_request
    zx_job_set_critical
    zx_msi_allocate zx_msi_create
    zx_pager_create zx_pager_create_vmo zx_pager_detach_vmo zx_pager_op_range
    zx_pager_query_dirty_ranges zx_pager_query_vmo_stats zx_pager_supply_pages
    zx_process_create_shared
    zx_restricted_enter zx_restricted_read_state zx_restricted_write_state
    zx_socket_set_disposition
    zx_stream_create zx_stream_readv zx_stream_readv_at zx_stream_seek
    zx_stream_writev zx_stream_writev_at
    zx_syscall_next_1 zx_syscall_test_handle_create
    zx_syscall_test_widening_signed_narrow zx_syscall_test_widening_signed_wide
    zx_syscall_test_widening_unsigned_narrow zx_syscall_test_widening_unsigned_wide
    zx_system_get_event zx_system_get_page_size zx_system_get_performance_info
    zx_system_get_version_string zx_system_mexec_payload_get
    zx_system_set_performance_info
    zx_task_create_exception_channel
    zx_thread_legacy_yield
    zx_ticks_get_via_kernel
    zx_vcpu_enter zx_vcpu_kick
    zx_vmar_op_range
    zx_vmo_create_child zx_vmo_replace_as_executable
    """.split()
)

EDITION_2018 = Edition(
    name="2018",
    title="May 2018",
    calls={
        **{name: call for name, call in abi.CALLS.items() if name not in ADDED},
        **{call.name: call for call in (*CHANGED, *GONE)},
    },
    gone=tuple(call.name for call in GONE),
    constants={
        name: value
        for name, value in vars(constants).items()
        if name.isupper() and isinstance(value, int)
    },
    structs={**abi.STRUCTS, **{record.name: record for record in RECORDS}},
    topics=frozenset({1, 2, 3, 4, *range(7, 22)}),
    properties=frozenset(range(3, 13)),
    # Times count from boot and never are below zero.
    scalar_types={
        "zx_time_t": (8, False),
        "zx_duration_t": (8, False),
        "zx_ticks_t": (8, False),
    },
)
