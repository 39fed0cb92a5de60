"""`--check` with settings that need more than every load: what is tried, what lacks, and what grants it."""

from __future__ import annotations

import pytest
from singer_commons.checking import run_checks
from target_synapse.target import TargetSynapse

ALL = {
    "copy_max_errors": 5,
    "stream_options": {"a": {"load_method": "overwrite"}, "b": {"upsert_with": "merge", "transform_sql": ["SELECT 1"]}},
    "after_run_sql": ["SELECT 1"],
}
OF_SETTINGS = [
    "ok   synapse: COPY with ERRORFILE in SCHEMA (`copy_max_errors`)",
    "ok   synapse: RENAME OBJECT in SCHEMA (`load_method`: overwrite)",
    "ok   synapse: MERGE in SCHEMA (`upsert_with`: merge)",
    "note synapse: `transform_sql`: the rights that its statements need are not tried, as nobody knows what they do",
    "note synapse: `after_run_sql`: the rights that its statements need are not tried, as nobody knows what they do",
]


@pytest.fixture
def checked(settings, pool, schema):
    """The lines of a check, without the name of the schema, and its exit code."""
    pool.connection.execute(f"IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = N'{schema}') EXEC(N'CREATE SCHEMA [{schema}]')")

    def check(**changes):
        lines = []
        code = run_checks(TargetSynapse(config={**settings, **changes}).checks(), lines.append)
        return [line.strip().replace(f"in {schema}", "in SCHEMA").replace(f"[{schema}]", "[SCHEMA]") for line in lines], code

    return check


@pytest.fixture
def left_in_pool(pool, schema):
    return lambda: pool.rows(f"SELECT name FROM sys.tables WHERE SCHEMA_NAME(schema_id) = N'{schema}'")


def test_rights_of_settings_are_tried_where_they_are_set_and_nothing_is_left(checked, left_in_pool, staged):
    plain, code = checked()
    assert (code, [line for line in plain if "(`" in line or line.startswith("note")]) == (0, [])
    lines, code = checked(**ALL)
    assert (code, [line for line in lines if line not in plain]) == (0, OF_SETTINGS)
    assert (left_in_pool(), staged()) == ([], [])


@pytest.mark.parametrize(
    ("pattern", "what", "grant"),
    [
        (r"^RENAME OBJECT", "RENAME OBJECT in SCHEMA (`load_method`: overwrite)", "GRANT ALTER ON SCHEMA::[SCHEMA] TO [loader]"),
        (r"^MERGE INTO", "MERGE in SCHEMA (`upsert_with`: merge)", "GRANT SELECT, INSERT, UPDATE, DELETE ON SCHEMA::[SCHEMA] TO [loader]"),
        (
            r"AS\s+SELECT \*",
            "CREATE TABLE AS SELECT in SCHEMA",
            "GRANT CREATE TABLE TO [loader]; GRANT ALTER, SELECT ON SCHEMA::[SCHEMA] TO [loader]",
        ),
    ],
)
def test_a_right_that_lacks_is_named_with_its_setting_and_its_grant(pattern, what, grant, checked, pool, left_in_pool):
    pool.fault("error", pattern, number=229, message="The permission was denied")
    lines, code = checked(**ALL)
    assert code == 1
    assert next(line for line in lines if line.startswith("FAIL")).startswith(
        f"FAIL synapse: {what}: refused: The permission was denied (229) - hint: run {grant}"
    )
    assert left_in_pool() == []


def test_a_secret_that_may_not_write_files_of_refused_rows_is_told(checked, pool, left_in_pool, staged):
    pool.fault("error", "ERRORFILE", number=105215, message="Not able to validate external location", times=0)
    lines, code = checked(**ALL)
    assert code == 1
    failed = [line for line in lines if line.startswith("FAIL")]
    assert len(failed) >= 1
    assert all(
        line.endswith("hint: the secret must allow read, list, write, create and delete; `copy_max_errors` 0 does without") for line in failed[-1:]
    )
    assert (left_in_pool(), staged()) == ([], [])
