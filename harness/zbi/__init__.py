"""Zircon's boot container and boot file system: what a kernel is given to start from."""
