"""Finding divergences, making them small, showing them: ``zxh fuzz``, ``shrink``, ``replay``."""
