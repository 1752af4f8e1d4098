"""The harness: programs, targets, QEMU machines, comparison, reports and checks."""
