"""The Zircon system interface on the host: its definition, kernel objects and the zxio library.

Nothing in this package knows about QEMU or the harness; `harness` builds on it, never the
other way round.
"""
