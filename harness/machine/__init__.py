"""QEMU machines: start, control, console, shared memory."""
