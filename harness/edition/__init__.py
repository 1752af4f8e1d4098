"""Kernels of other editions: programs in their calls, and what they are known to do otherwise."""
