"""The SDK's own tests of targets. Its streams have no column that names a user, so their keys are mapped to `customer_id`, as a user would do."""

from __future__ import annotations

import io
import json
import tempfile
from importlib.resources import files
from pathlib import Path

import pytest
from sandbox.mparticle.service import start
from sandbox.services import Options
from singer_sdk.testing import get_target_test_class
from target_mparticle.target import TargetMParticle

NAMES_OF_KEYS = ("id", "Id", "_id")


def mappings_of_the_sdks_streams():
    """A mapping for the first column that is a key by its name, in each stream of the SDK's files."""
    streams = {}
    for file in files("singer_sdk.testing").joinpath("target_test_streams").iterdir():
        for line in file.read_text(encoding="utf-8").splitlines() if file.name.endswith(".singer") else ():
            message = json.loads(line)
            columns = message.get("schema", {}).get("properties", {})
            if key := next((name for name in NAMES_OF_KEYS if name in columns), None):
                entry = {"mapping_type": "column", "source": key, "destination": "user_identities.customer_id"}
                streams[message["stream"]] = {"mappings": [entry]}
    return streams


FOLDER = tempfile.TemporaryDirectory(prefix="target-mparticle-sdk-")
SERVICE = start(Options(Path(FOLDER.name)))
CONFIG = {
    "api_key": SERVICE.stand.api_key,
    "api_secret": SERVICE.stand.api_secret,
    "base_url": f"{SERVICE.url}/v2",
    "environment": "development",
    "rejects_path": str(Path(FOLDER.name) / "rejects.jsonl"),
    "streams": mappings_of_the_sdks_streams(),
    "unmapped_streams": "skip",  # for the streams that have nothing but an object in them
}


@pytest.fixture(scope="module", autouse=True)
def service():
    SERVICE.start()
    yield
    SERVICE.close()
    FOLDER.cleanup()


class TestSdkSuite(get_target_test_class(TargetMParticle, config=CONFIG)):
    """All of them, none switched off."""


def test_the_rows_of_the_sdks_streams_arrive():
    SERVICE.stand.change({"forget": True})
    for name in ("special_chars_in_attributes", "array_data"):
        lines = files("singer_sdk.testing").joinpath("target_test_streams", f"{name}.singer").read_text(encoding="utf-8")
        TargetMParticle(config=CONFIG).listen(io.StringIO(lines))
    profiles = {one["user_identities"]["customer_id"]: one["user_attributes"] for one in SERVICE.stand.stored({"what": "profiles"})}
    assert profiles["a2e98886"] == {"d": '{"env":"prod","agent:type":"desktop","agent:os:version":"10.13.1"}'}
    assert profiles["1"] == {"fruits": ["apple", "orange", "pear"]}
