"""Where programs run: the host emulation, guests in QEMU, later a real kernel."""
