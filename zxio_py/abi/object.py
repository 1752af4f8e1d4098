"""Calls for every object type: waiting, signals, properties, information."""

from zxio_py.abi.model import HANDLE_ERRORS, Call, Field, Param, Property, Struct, Topic

# Object types, as ZX_INFO_HANDLE_BASIC reports them.
ZX_OBJ_TYPE_NONE = 0
ZX_OBJ_TYPE_PROCESS = 1
ZX_OBJ_TYPE_THREAD = 2
ZX_OBJ_TYPE_VMO = 3
ZX_OBJ_TYPE_CHANNEL = 4
ZX_OBJ_TYPE_EVENT = 5
ZX_OBJ_TYPE_PORT = 6
ZX_OBJ_TYPE_INTERRUPT = 9
ZX_OBJ_TYPE_PCI_DEVICE = 11
ZX_OBJ_TYPE_DEBUGLOG = 12
ZX_OBJ_TYPE_SOCKET = 14
ZX_OBJ_TYPE_RESOURCE = 15
ZX_OBJ_TYPE_EVENTPAIR = 16
ZX_OBJ_TYPE_JOB = 17
ZX_OBJ_TYPE_VMAR = 18
ZX_OBJ_TYPE_FIFO = 19
ZX_OBJ_TYPE_GUEST = 20
ZX_OBJ_TYPE_VCPU = 21
ZX_OBJ_TYPE_TIMER = 22
ZX_OBJ_TYPE_IOMMU = 23
ZX_OBJ_TYPE_BTI = 24
ZX_OBJ_TYPE_PROFILE = 25
ZX_OBJ_TYPE_PMT = 26
ZX_OBJ_TYPE_SUSPEND_TOKEN = 27
ZX_OBJ_TYPE_PAGER = 28
ZX_OBJ_TYPE_EXCEPTION = 29
ZX_OBJ_TYPE_CLOCK = 30
ZX_OBJ_TYPE_STREAM = 31
ZX_OBJ_TYPE_MSI = 32
ZX_OBJ_TYPE_IOB = 33
ZX_OBJ_TYPE_UPPER_BOUND = 64

# Signal bits by number.
ZX_OBJECT_SIGNAL_0 = 0x1
ZX_OBJECT_SIGNAL_1 = 0x2
ZX_OBJECT_SIGNAL_2 = 0x4
ZX_OBJECT_SIGNAL_3 = 0x8
ZX_OBJECT_SIGNAL_4 = 0x10
ZX_OBJECT_SIGNAL_5 = 0x20
ZX_OBJECT_SIGNAL_6 = 0x40
ZX_OBJECT_SIGNAL_7 = 0x80
ZX_OBJECT_SIGNAL_8 = 0x100
ZX_OBJECT_SIGNAL_9 = 0x200
ZX_OBJECT_SIGNAL_10 = 0x400
ZX_OBJECT_SIGNAL_11 = 0x800
ZX_OBJECT_SIGNAL_12 = 0x1000
ZX_OBJECT_SIGNAL_13 = 0x2000
ZX_OBJECT_SIGNAL_14 = 0x4000
ZX_OBJECT_SIGNAL_15 = 0x8000
ZX_OBJECT_SIGNAL_16 = 0x10000
ZX_OBJECT_SIGNAL_17 = 0x20000
ZX_OBJECT_SIGNAL_18 = 0x40000
ZX_OBJECT_SIGNAL_19 = 0x80000
ZX_OBJECT_SIGNAL_20 = 0x100000
ZX_OBJECT_SIGNAL_21 = 0x200000
ZX_OBJECT_SIGNAL_22 = 0x400000

# Signals with a meaning for several types; users may set ZX_USER_SIGNAL_ALL everywhere.
ZX_SIGNAL_NONE = 0x0
ZX_OBJECT_READABLE = 1
ZX_OBJECT_WRITABLE = 2
ZX_OBJECT_PEER_CLOSED = 4
ZX_SIGNAL_HANDLE_CLOSED = 0x800000
ZX_USER_SIGNAL_0 = 0x1000000
ZX_USER_SIGNAL_1 = 0x2000000
ZX_USER_SIGNAL_2 = 0x4000000
ZX_USER_SIGNAL_3 = 0x8000000
ZX_USER_SIGNAL_4 = 0x10000000
ZX_USER_SIGNAL_5 = 0x20000000
ZX_USER_SIGNAL_6 = 0x40000000
ZX_USER_SIGNAL_7 = 0x80000000
ZX_USER_SIGNAL_ALL = 0xFF000000

# Topics carry their version from this bit on.
ZX_INFO_TOPIC_VERSION_SHIFT = 28

# Properties of zx_object_get_property and zx_object_set_property.
ZX_PROP_REGISTER_GS = 2
ZX_PROP_NAME = 3
ZX_PROP_REGISTER_FS = 4
ZX_PROP_PROCESS_DEBUG_ADDR = 5
ZX_PROP_PROCESS_VDSO_BASE_ADDRESS = 6
ZX_PROP_PROCESS_BREAK_ON_LOAD = 7
ZX_PROP_PROCESS_HW_TRACE_CONTEXT_ID = 8
ZX_PROP_SOCKET_RX_THRESHOLD = 12
ZX_PROP_SOCKET_TX_THRESHOLD = 13
ZX_PROP_JOB_KILL_ON_OOM = 15
ZX_PROP_EXCEPTION_STATE = 16
ZX_PROP_VMO_CONTENT_SIZE = 17
ZX_PROP_EXCEPTION_STRATEGY = 18
ZX_PROP_STREAM_MODE_APPEND = 19

# Options of zx_object_wait_async.
ZX_WAIT_ASYNC_ONCE = 0
ZX_WAIT_ASYNC_TIMESTAMP = 1
ZX_WAIT_ASYNC_EDGE = 2

# Limits and distinguished values.
ZX_WAIT_MANY_MAX_ITEMS = 64
ZX_MAX_NAME_LEN = 32
ZX_KOID_INVALID = 0
ZX_KOID_KERNEL = 1
ZX_KOID_FIRST = 1024

#: Who has the properties above, and whether they can be read and changed.
_PROPERTIES = (
    Property("ZX_PROP_REGISTER_GS", ZX_PROP_REGISTER_GS, ("thread",), readable=False),
    Property("ZX_PROP_NAME", ZX_PROP_NAME, ()),
    Property("ZX_PROP_REGISTER_FS", ZX_PROP_REGISTER_FS, ("thread",), readable=False),
    Property("ZX_PROP_PROCESS_DEBUG_ADDR", ZX_PROP_PROCESS_DEBUG_ADDR, ("process",)),
    Property(
        "ZX_PROP_PROCESS_VDSO_BASE_ADDRESS",
        ZX_PROP_PROCESS_VDSO_BASE_ADDRESS,
        ("process",),
        settable=False,
    ),
    Property("ZX_PROP_PROCESS_BREAK_ON_LOAD", ZX_PROP_PROCESS_BREAK_ON_LOAD, ("process",)),
    Property(
        "ZX_PROP_PROCESS_HW_TRACE_CONTEXT_ID",
        ZX_PROP_PROCESS_HW_TRACE_CONTEXT_ID,
        ("process",),
        settable=False,
    ),
    Property("ZX_PROP_SOCKET_RX_THRESHOLD", ZX_PROP_SOCKET_RX_THRESHOLD, ("socket",)),
    Property("ZX_PROP_SOCKET_TX_THRESHOLD", ZX_PROP_SOCKET_TX_THRESHOLD, ("socket",)),
    Property("ZX_PROP_JOB_KILL_ON_OOM", ZX_PROP_JOB_KILL_ON_OOM, ("job",), readable=False),
    Property("ZX_PROP_EXCEPTION_STATE", ZX_PROP_EXCEPTION_STATE, ("exception",)),
    Property("ZX_PROP_VMO_CONTENT_SIZE", ZX_PROP_VMO_CONTENT_SIZE, ("vmo",)),
    Property("ZX_PROP_EXCEPTION_STRATEGY", ZX_PROP_EXCEPTION_STRATEGY, ("exception",)),
    Property("ZX_PROP_STREAM_MODE_APPEND", ZX_PROP_STREAM_MODE_APPEND, ("stream",)),
)

#: Every topic of zx_object_get_info, old versions included.
_TOPICS = (
    Topic("ZX_INFO_HANDLE_VALID", 0x1, "any", None, "none", array=False),
    Topic("ZX_INFO_HANDLE_BASIC", 0x2, "any", "zx_info_handle_basic_t", "none", array=False),
    Topic("ZX_INFO_PROCESS", 0x10000003, "process", "zx_info_process_t", "INSPECT", array=False),
    Topic("ZX_INFO_PROCESS_THREADS", 0x4, "process", "zx_koid_t", "ENUMERATE", array=True),
    Topic("ZX_INFO_VMAR", 0x7, "vmar", "zx_info_vmar_t", "INSPECT", array=False),
    Topic("ZX_INFO_JOB_CHILDREN", 0x8, "job", "zx_koid_t", "ENUMERATE", array=True),
    Topic("ZX_INFO_JOB_PROCESSES", 0x9, "job", "zx_koid_t", "ENUMERATE", array=True),
    Topic("ZX_INFO_THREAD", 0xA, "thread", "zx_info_thread_t", "INSPECT", array=False),
    Topic(
        "ZX_INFO_THREAD_EXCEPTION_REPORT",
        0x1000000B,
        "thread",
        "zx_exception_report_t",
        "INSPECT",
        array=False,
    ),
    Topic("ZX_INFO_TASK_STATS", 0xC, "process", "zx_info_task_stats_t", "INSPECT", array=False),
    Topic("ZX_INFO_PROCESS_MAPS", 0xD, "process", "zx_info_maps_t", "INSPECT", array=True),
    Topic("ZX_INFO_PROCESS_VMOS", 0x1000000E, "process", "zx_info_vmo_t", "INSPECT", array=True),
    Topic("ZX_INFO_THREAD_STATS", 0xF, "thread", "zx_info_thread_stats_t", "INSPECT", array=False),
    Topic(
        "ZX_INFO_CPU_STATS",
        0x10,
        "resource SYSTEM/INFO",
        "zx_info_cpu_stats_t",
        "resource",
        array=True,
    ),
    Topic(
        "ZX_INFO_KMEM_STATS",
        0x11,
        "resource SYSTEM/INFO",
        "zx_info_kmem_stats_t",
        "resource",
        array=False,
    ),
    Topic("ZX_INFO_RESOURCE", 0x12, "resource", "zx_info_resource_t", "INSPECT", array=False),
    Topic("ZX_INFO_HANDLE_COUNT", 0x13, "any", "zx_info_handle_count_t", "INSPECT", array=False),
    Topic("ZX_INFO_BTI", 0x14, "bti", "zx_info_bti_t", "INSPECT", array=False),
    Topic(
        "ZX_INFO_PROCESS_HANDLE_STATS",
        0x15,
        "process",
        "zx_info_process_handle_stats_t",
        "INSPECT",
        array=False,
    ),
    Topic("ZX_INFO_SOCKET", 0x16, "socket", "zx_info_socket_t", "INSPECT", array=False),
    Topic("ZX_INFO_VMO", 0x10000017, "vmo", "zx_info_vmo_t", "none", array=False),
    Topic("ZX_INFO_JOB", 0x18, "job", "zx_info_job_t", "INSPECT", array=False),
    Topic("ZX_INFO_TIMER", 0x19, "timer", "zx_info_timer_t", "INSPECT", array=False),
    Topic("ZX_INFO_STREAM", 0x1A, "stream", "zx_info_stream_t", "INSPECT", array=False),
    Topic(
        "ZX_INFO_HANDLE_TABLE",
        0x1B,
        "process",
        "zx_info_handle_extended_t",
        "INSPECT, MANAGE_PROCESS, MANAGE_THREAD",
        array=True,
    ),
    Topic("ZX_INFO_MSI", 0x1C, "msi", "zx_info_msi_t", "INSPECT", array=False),
    Topic(
        "ZX_INFO_GUEST_STATS",
        0x1D,
        "resource SYSTEM/INFO",
        "zx_info_guest_stats_t",
        "resource",
        array=True,
    ),
    Topic(
        "ZX_INFO_TASK_RUNTIME",
        0x1000001E,
        "job, process, thread",
        "zx_info_task_runtime_t",
        "INSPECT",
        array=False,
    ),
    Topic(
        "ZX_INFO_KMEM_STATS_EXTENDED",
        0x1F,
        "resource SYSTEM/INFO",
        "zx_info_kmem_stats_extended_t",
        "resource",
        array=False,
    ),
    Topic("ZX_INFO_VCPU", 0x20, "vcpu", "zx_info_vcpu_t", "INSPECT", array=False),
    Topic(
        "ZX_INFO_THREAD_EXCEPTION_REPORT_V1",
        0xB,
        "thread",
        "zx_exception_report_v1_t",
        "INSPECT",
        array=False,
    ),
    Topic("ZX_INFO_PROCESS_VMOS_V1", 0xE, "process", "zx_info_vmo_v1_t", "INSPECT", array=True),
    Topic("ZX_INFO_VMO_V1", 0x17, "vmo", "zx_info_vmo_v1_t", "none", array=False),
    Topic(
        "ZX_INFO_TASK_RUNTIME_V1",
        0x1E,
        "job, process, thread",
        "zx_info_task_runtime_v1_t",
        "INSPECT",
        array=False,
    ),
    Topic("ZX_INFO_PROCESS_V1", 0x3, "process", "zx_info_process_t", "INSPECT", array=False),
)

ZX_INFO_NONE = 0x0
ZX_INFO_HANDLE_VALID = 0x1
ZX_INFO_HANDLE_BASIC = 0x2
ZX_INFO_PROCESS = 0x10000003
ZX_INFO_PROCESS_THREADS = 0x4
ZX_INFO_VMAR = 0x7
ZX_INFO_JOB_CHILDREN = 0x8
ZX_INFO_JOB_PROCESSES = 0x9
ZX_INFO_THREAD = 0xA
ZX_INFO_THREAD_EXCEPTION_REPORT = 0x1000000B
ZX_INFO_TASK_STATS = 0xC
ZX_INFO_PROCESS_MAPS = 0xD
ZX_INFO_PROCESS_VMOS = 0x1000000E
ZX_INFO_THREAD_STATS = 0xF
ZX_INFO_CPU_STATS = 0x10
ZX_INFO_KMEM_STATS = 0x11
ZX_INFO_RESOURCE = 0x12
ZX_INFO_HANDLE_COUNT = 0x13
ZX_INFO_BTI = 0x14
ZX_INFO_PROCESS_HANDLE_STATS = 0x15
ZX_INFO_SOCKET = 0x16
ZX_INFO_VMO = 0x10000017
ZX_INFO_JOB = 0x18
ZX_INFO_TIMER = 0x19
ZX_INFO_STREAM = 0x1A
ZX_INFO_HANDLE_TABLE = 0x1B
ZX_INFO_MSI = 0x1C
ZX_INFO_GUEST_STATS = 0x1D
ZX_INFO_TASK_RUNTIME = 0x1000001E
ZX_INFO_KMEM_STATS_EXTENDED = 0x1F
ZX_INFO_VCPU = 0x20
ZX_INFO_THREAD_EXCEPTION_REPORT_V1 = 0xB
ZX_INFO_PROCESS_VMOS_V1 = 0xE
ZX_INFO_VMO_V1 = 0x17
ZX_INFO_TASK_RUNTIME_V1 = 0x1E
ZX_INFO_PROCESS_V1 = 0x3

_STRUCTS = (
    Struct(
        "zx_info_handle_basic_t",
        32,
        8,
        (
            Field("koid", 0, 8),
            Field("rights", 8, 4),
            Field("type", 12, 4),
            Field("related_koid", 16, 8),
            Field("reserved", 24, 4),
            Field("padding1", 28, 4),
        ),
    ),
    Struct(
        "zx_info_handle_extended_t",
        40,
        8,
        (
            Field("type", 0, 4),
            Field("handle_value", 4, 4),
            Field("rights", 8, 4),
            Field("reserved", 12, 4),
            Field("koid", 16, 8),
            Field("related_koid", 24, 8),
            Field("peer_owner_koid", 32, 8),
        ),
    ),
    Struct("zx_info_handle_count_t", 4, 4, (Field("handle_count", 0, 4),)),
    Struct(
        "zx_wait_item_t",
        12,
        4,
        (
            Field("handle", 0, 4),
            Field("waitfor", 4, 4),
            Field("pending", 8, 4),
        ),
    ),
)

_CALLS = (
    Call(
        "zx_object_get_child",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("koid", "uint64_t"),
            Param("rights", "zx_rights_t"),
            Param("out", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("handle: ENUMERATE; the new handle may not exceed the parent handle's rights",),
        errors=("BAD_HANDLE", "ACCESS_DENIED", "NOT_FOUND", "WRONG_TYPE", "INVALID_ARGS"),
        unreachable=(
            ("WRONG_TYPE", "only handles of processes and jobs have the right ENUMERATE"),
        ),
        category="handles-and-objects",
    ),
    Call(
        "zx_object_get_info",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("topic", "uint32_t"),
            Param("buffer", "void*", "out", count="buffer_size"),
            Param("buffer_size", "size_t"),
            Param("actual", "size_t*", "out"),
            Param("avail", "size_t*", "out"),
        ),
        rights=("per topic, see constants.json info_topics",),
        errors=(
            "NOT_SUPPORTED",
            *HANDLE_ERRORS,
            "BUFFER_TOO_SMALL",
            "INVALID_ARGS",
            "BAD_STATE",
            "OUT_OF_RANGE",
        ),
        category="handles-and-objects",
        note="no options parameter; topic version lives in the top 4 bits of topic",
    ),
    Call(
        "zx_object_get_property",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("property", "uint32_t"),
            Param("value", "void*", "out", count="value_size"),
            Param("value_size", "size_t"),
        ),
        rights=("handle: GET_PROPERTY",),
        errors=(
            "INVALID_ARGS",
            "BAD_HANDLE",
            "ACCESS_DENIED",
            "BUFFER_TOO_SMALL",
            "WRONG_TYPE",
            "NOT_SUPPORTED",
            "BAD_STATE",
        ),
        category="handles-and-objects",
    ),
    Call(
        "zx_object_set_profile",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("profile", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
        ),
        rights=(
            "handle: MANAGE_THREAD",
            "profile: APPLY_PROFILE",
        ),
        errors=(*HANDLE_ERRORS, "BAD_STATE"),
        category="handles-and-objects",
    ),
    Call(
        "zx_object_set_property",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("property", "uint32_t"),
            Param("value", "const void*", count="value_size"),
            Param("value_size", "size_t"),
        ),
        rights=("handle: SET_PROPERTY",),
        errors=(
            "INVALID_ARGS",
            "BAD_HANDLE",
            "ACCESS_DENIED",
            "BUFFER_TOO_SMALL",
            "WRONG_TYPE",
            "NOT_SUPPORTED",
            "PEER_CLOSED",
            "BAD_STATE",
        ),
        category="handles-and-objects",
    ),
    Call(
        "zx_object_signal",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("clear_mask", "uint32_t"),
            Param("set_mask", "uint32_t"),
        ),
        rights=("handle: SIGNAL",),
        errors=("BAD_HANDLE", "ACCESS_DENIED", "NOT_SUPPORTED", "INVALID_ARGS"),
        unreachable=(("NOT_SUPPORTED", "an object that cannot be waited for has no right SIGNAL"),),
        category="signals-and-waits",
    ),
    Call(
        "zx_object_signal_peer",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("clear_mask", "uint32_t"),
            Param("set_mask", "uint32_t"),
        ),
        rights=("handle: SIGNAL_PEER",),
        errors=("BAD_HANDLE", "ACCESS_DENIED", "NOT_SUPPORTED", "INVALID_ARGS", "PEER_CLOSED"),
        unreachable=(("NOT_SUPPORTED", "only an end of a pair has the right SIGNAL_PEER"),),
        category="signals-and-waits",
    ),
    Call(
        "zx_object_wait_async",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("port", "zx_handle_t", handle="use"),
            Param("key", "uint64_t"),
            Param("signals", "zx_signals_t"),
            Param("options", "uint32_t"),
        ),
        rights=(
            "handle: WAIT",
            "port: WRITE",
        ),
        errors=("INVALID_ARGS", *HANDLE_ERRORS, "NOT_SUPPORTED"),
        unreachable=(("NOT_SUPPORTED", "an object that cannot be waited for has no right WAIT"),),
        category="signals-and-waits",
    ),
    Call(
        "zx_object_wait_many",
        "zx_status_t",
        (
            Param("items", "zx_wait_item_t*", "inout", handle="use", count="num_items"),
            Param("num_items", "size_t"),
            Param("deadline", "zx_time_t"),
        ),
        attributes=frozenset({"blocking"}),
        rights=("each item handle: WAIT",),
        errors=(
            "OUT_OF_RANGE",
            "INVALID_ARGS",
            "BAD_HANDLE",
            "ACCESS_DENIED",
            "NOT_SUPPORTED",
            "TIMED_OUT",
            "CANCELED",
        ),
        unreachable=(("NOT_SUPPORTED", "an object that cannot be waited for has no right WAIT"),),
        category="signals-and-waits",
    ),
    Call(
        "zx_object_wait_one",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("signals", "zx_signals_t"),
            Param("deadline", "zx_time_t"),
            Param("observed", "zx_signals_t*", "out"),
        ),
        attributes=frozenset({"blocking"}),
        rights=("handle: WAIT",),
        errors=(
            "BAD_HANDLE",
            "ACCESS_DENIED",
            "NOT_SUPPORTED",
            "TIMED_OUT",
            "CANCELED",
            "INVALID_ARGS",
        ),
        unreachable=(("NOT_SUPPORTED", "an object that cannot be waited for has no right WAIT"),),
        category="signals-and-waits",
    ),
)
