from __future__ import annotations

import pytest
from symbol_libraries import Builder


@pytest.fixture(scope="session")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """Builds libraries into a directory of this test session."""
    return Builder(tmp_path_factory.mktemp("libraries"))
