"""Programs of system calls: the model, its file format, its wire format and its results."""
