"""What is derived from the classes is as the classes are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DEFINITIONS = sorted((ROOT / "docs" / "hub").glob("*.yml"))
MASKED_IN_NAMES = ("password", "id", "token", "key", "secret")  # MeltanoHub's tools: hub_utils/meltano_util.py:256-268 in meltano/hub, 9d28b36
CAPABILITIES = {  # schemas/common/{extractors,loaders}_specific.schema.json in meltano/hub, 9d28b36
    "tap": {"properties", "catalog", "discover", "state", "about", "stream-maps", "schema-flattening", "activate-version", "batch", "test", "log-based", "structured-logging"},
    "target": {"about", "stream-maps", "activate-version", "batch", "soft-delete", "hard-delete", "datatype-failsafe", "schema-flattening", "target-schema", "validate-records", "structured-logging"},
}  # fmt: skip
REQUIRED = {
    "name",
    "namespace",
    "variant",
    "quality",
}  # schemas/common/common.schema.json and schemas/plugin_definitions/hub_metadata.schema.json there
PROPERTIES = {  # of both kinds: schemas/plugin_definitions/{extractors,loaders}.schema.json in meltano/hub, 9d28b36
    "label", "settings", "pip_url", "description", "executable", "repo", "docs", "logo_url", "hidden", "python", "settings_group_validation", "commands", "capabilities",
    "maintenance_status", "domain_url", "keywords", "requires", "definition", "next_steps", "settings_preamble", "usage", "prereq",
    "supported_python_versions", "log_parser",
}  # fmt: skip
KINDS = {"password", "date_iso8601", "email", "integer", "decimal", "options", "object", "array", "boolean", "string"}

every_definition = pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: path.stem)


def definition(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_settings_and_stream_tables_and_hub_files_are_what_the_classes_say():
    done = subprocess.run([sys.executable, ROOT / "tools" / "generate.py", "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_project_file_fits_meltanos_own_schema():
    checker = Path(sys.executable).parent / "check-jsonschema"
    command = [checker, "--builtin-schema", "vendor.meltano", ROOT / "meltano.yml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "ok -- validation done"), done.stdout + done.stderr


def test_there_is_a_hub_definition_of_each_plugin():
    assert [path.stem for path in DEFINITIONS] == ["tap-autopilot", "tap-fullstory", "tap-warehouse", "target-mparticle", "target-synapse"]


@every_definition
def test_a_hub_definition_has_only_what_the_hub_knows(path):
    told = definition(path)
    unknown = set(told) - PROPERTIES - REQUIRED | set(told["capabilities"]) - CAPABILITIES[path.stem.partition("-")[0]]
    kinds = {setting["kind"] for setting in told["settings"]} - KINDS
    ungrouped = {name for group in told["settings_group_validation"] for name in group} - {setting["name"] for setting in told["settings"]}
    assert (REQUIRED - set(told), unknown, kinds, ungrouped) == (set(), set(), set(), set())


# Values that schemas/plugin_definitions/hub_metadata.schema.json in meltano/hub allows.
QUALITIES, STATUSES = {"gold", "silver", "bronze", "unknown"}, {"active", "beta", "development", "inactive", "unknown"}
PUBLISHERS = ("repo", "logo_url", "docs")  # only whoever publishes knows them


@every_definition
def test_a_hub_definition_lacks_only_what_its_page_lists_for_the_publisher(path):
    told, page = definition(path), (ROOT / "docs" / "hub" / "README.md").read_text(encoding="utf-8")
    usual = {
        "capabilities",
        "description",
        "executable",
        "keywords",
        "label",
        "maintenance_status",
        "pip_url",
        "settings",
        "supported_python_versions",
    }
    assert (usual | REQUIRED) - {name for name, value in told.items() if value} == set()
    assert (told["quality"] in QUALITIES, told["maintenance_status"] in STATUSES) == (True, True)
    assert [name for name in PUBLISHERS if name in told or f"| `{name}` |" not in page] == []
    assert all(str(told.get(name, "https://")).startswith("https://") for name in ("domain_url",))
    assert [one["name"] for one in told["settings"] if not one.get("label") or not one.get("description")] == []


@every_definition
def test_the_hub_masks_what_is_a_secret_also_when_it_goes_by_the_name(path):
    secrets = [setting["name"] for setting in definition(path)["settings"] if setting["kind"] == "password"]
    assert [name for name in secrets if not any(word in name for word in MASKED_IN_NAMES)] == []


# Names that the Hub's tools would mask for no reason; the definitions say the kind.
PLAIN_ALL_THE_SAME = {
    "uids",  # what FullStory calls them
    "data_plan.plan_id",  # what mParticle calls it
    "entra_tenant_id", "entra_client_id",  # what Entra calls them
    "flattening_max_key_length", "validate_records",  # the SDK's
}  # fmt: skip


def test_no_other_plain_setting_is_named_like_a_secret():
    plain = {one["name"] for path in DEFINITIONS for one in definition(path)["settings"] if one["kind"] != "password"}
    assert {name for name in plain if any(word in name for word in MASKED_IN_NAMES)} == PLAIN_ALL_THE_SAME
