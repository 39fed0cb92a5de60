"""The SDK's own tests of a target, against Azurite and the stand-in of a pool. None is switched off."""

from __future__ import annotations

import pytest
from singer_sdk.testing import get_target_test_class
from synapse_support.stand_ins import storage_settings
from target_synapse.target import TargetSynapse

# The class is made when the file is read, before any fixture, and keeps this very dict: the fixture below fills it.
CONFIG = {"host": "127.0.0.1", "database": "pool", "user": "loader", "password": "x", "storage_url": "http://127.0.0.1", "storage_container": "stage"}
Standard = get_target_test_class(TargetSynapse, config=CONFIG)


@pytest.fixture(scope="module", autouse=True)
def _stand_ins(azurite, pool_process, tmp_path_factory):
    CONFIG.update(pool_process.settings(), **storage_settings(azurite), default_target_schema="standard", add_record_metadata=True)
    CONFIG["rejects_path"] = str(tmp_path_factory.mktemp("rejects") / "rejects.jsonl")


class TestStandard(Standard):
    """All of them."""
