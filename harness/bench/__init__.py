"""Measurements, each with the yardstick it is held against, taken side by side in one run."""
