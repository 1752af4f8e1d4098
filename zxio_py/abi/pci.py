"""PCI (obsolete calls)."""

from zxio_py.abi.model import Call, Field, Param, Struct

# Limits and distinguished values.
ZX_PCI_MAX_BAR_REGS = 6
ZX_PCI_INIT_ARG_MAX_SIZE = 5944  # with two address windows behind it

_STRUCTS = (
    Struct(
        "zx_pci_init_arg_t",
        5896,
        8,
        (
            Field("dev_pin_to_global_irq", 0, 4096),
            Field("num_irqs", 4096, 4),
            Field("irqs", 4100, 1792),
            Field("addr_window_count", 5892, 4),
        ),
    ),
)

_CALLS = (
    Call(
        "zx_pci_add_subtract_io_range",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use", object="resource"),
            Param("mmio", "uint32_t"),
            Param("base", "uint64_t"),
            Param("len", "uint64_t"),
            Param("add", "uint32_t"),
        ),
        rights=("handle: resource ROOT",),
        errors=("BAD_HANDLE", "WRONG_TYPE", "BAD_STATE"),
        category="driver-and-platform",
    ),
    Call(
        "zx_pci_cfg_pio_rw",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use", object="resource"),
            Param("bus", "uint8_t"),
            Param("dev", "uint8_t"),
            Param("func", "uint8_t"),
            Param("offset", "uint8_t"),
            Param("val", "uint32_t*", "inout"),
            Param("width", "size_t"),
            Param("write", "uint32_t"),
        ),
        rights=("handle: resource ROOT",),
        arch_errors=(
            ("x86_64", ("BAD_HANDLE", "WRONG_TYPE", "INVALID_ARGS")),
            ("arm64", ("NOT_SUPPORTED",)),
        ),
        category="driver-and-platform",
    ),
    Call(
        "zx_pci_config_read",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("offset", "uint16_t"),
            Param("width", "size_t"),
            Param("out_val", "uint32_t*", "out"),
        ),
        rights=("handle: PCI_DEVICE with READ, WRITE",),
        errors=("BAD_HANDLE", "WRONG_TYPE"),
        category="driver-and-platform",
    ),
    Call(
        "zx_pci_config_write",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("offset", "uint16_t"),
            Param("width", "size_t"),
            Param("val", "uint32_t"),
        ),
        rights=("handle: PCI_DEVICE with READ, WRITE",),
        errors=("BAD_HANDLE", "WRONG_TYPE"),
        category="driver-and-platform",
    ),
    Call(
        "zx_pci_enable_bus_master",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("enable", "uint32_t"),
        ),
        rights=("handle: PCI_DEVICE with WRITE",),
        errors=("BAD_HANDLE", "WRONG_TYPE"),
        category="driver-and-platform",
    ),
    Call(
        "zx_pci_get_bar",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("bar_num", "uint32_t"),
            Param("out_bar", "zx_pci_bar_t*", "out"),
            Param("out_handle", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("handle: PCI_DEVICE with READ, WRITE",),
        errors=("INVALID_ARGS", "BAD_HANDLE", "WRONG_TYPE"),
        category="driver-and-platform",
    ),
    Call(
        "zx_pci_get_nth_device",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use", object="resource"),
            Param("index", "uint32_t"),
            Param("out_info", "zx_pcie_device_info_t*", "out"),
            Param("out_handle", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("handle: resource ROOT",),
        errors=("BAD_HANDLE", "WRONG_TYPE", "INVALID_ARGS", "BAD_STATE"),
        category="driver-and-platform",
    ),
    Call(
        "zx_pci_init",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use", object="resource"),
            Param("init_buf", "const zx_pci_init_arg_t*", count="len"),
            Param("len", "uint32_t"),
        ),
        rights=("handle: resource ROOT",),
        errors=("BAD_HANDLE", "WRONG_TYPE", "INVALID_ARGS", "BAD_STATE"),
        category="driver-and-platform",
    ),
    Call(
        "zx_pci_map_interrupt",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("which_irq", "int32_t"),
            Param("out_handle", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("handle: PCI_DEVICE with READ",),
        errors=("BAD_HANDLE", "WRONG_TYPE"),
        category="driver-and-platform",
    ),
    Call(
        "zx_pci_query_irq_mode",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("mode", "uint32_t"),
            Param("out_max_irqs", "uint32_t*", "out"),
        ),
        rights=("handle: PCI_DEVICE with READ",),
        errors=("BAD_HANDLE", "WRONG_TYPE"),
        category="driver-and-platform",
    ),
    Call(
        "zx_pci_reset_device",
        "zx_status_t",
        (Param("handle", "zx_handle_t", handle="use"),),
        rights=("handle: PCI_DEVICE with WRITE",),
        errors=("BAD_HANDLE", "WRONG_TYPE"),
        category="driver-and-platform",
    ),
    Call(
        "zx_pci_set_irq_mode",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("mode", "uint32_t"),
            Param("requested_irq_count", "uint32_t"),
        ),
        rights=("handle: PCI_DEVICE with WRITE",),
        errors=("BAD_HANDLE", "WRONG_TYPE"),
        category="driver-and-platform",
    ),
)
