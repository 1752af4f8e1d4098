"""What the suite reaches of the interface: per function and target, what works, what was seen."""
