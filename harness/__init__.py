"""The harness: programs, targets, QEMU machines, comparison, reports and checks."""

#: Version of the distribution, read from here when it is built.
VERSION = "0.1.0"
