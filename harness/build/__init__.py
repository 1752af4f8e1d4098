"""Building the guest images: generated sources, the toolchain, what an image consists of."""
