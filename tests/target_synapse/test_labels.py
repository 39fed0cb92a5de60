"""An administrator finds all that a run does: by its labels, and what takes no label by its session."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from synapse_support.messages import USERS, record, schema_line, state
from synapse_support.ways import WAYS

README = (Path(__file__).parents[2] / "target-synapse" / "README.md").read_text(encoding="utf-8")
OF_SESSION = re.search(r"`(SELECT r\.\* FROM sys\.dm_pdw_exec_requests.*?)`", README, re.DOTALL)[1].replace(
    "r.*", "r.[command], r.[label], s.app_name"
)
TAKES_A_LABEL = re.compile(r"(SELECT|INSERT|UPDATE(?! STATISTICS)|DELETE|MERGE|COPY|CREATE TABLE .*\bAS\s+SELECT)\b", re.DOTALL)
VERSION = {"type": "ACTIVATE_VERSION", "stream": "users", "version": 2}
LINES = [
    schema_line(USERS),
    *({**record(id=key, name="x"), "version": 2} for key in (1, 2, 3, 2)),
    record(id="no number"),
    state({"at": 4}),
    schema_line({**USERS, "more": {"type": "integer"}}),
    {**record(id=4, more=1), "version": 2},
    VERSION,
    state({"at": 5}),
]
OWN = {
    "before_run_sql": ["SELECT N'mine'"],
    "transform_sql": ["UPDATE {staging} SET [name] = N'y' WHERE [id] = 1 OPTION (LABEL = {label})"],
    "after_load_sql": ["UPDATE STATISTICS {table}"],
}
RUNS = {
    "append": {"load_method": "append-only", "rejects_to": "both"},
    "upsert": {"table_statistics": "all", "rebuild_indexes": True, **OWN},
    "merge": {"upsert_with": "merge", "hard_delete": True},
    "overwrite": {"load_method": "overwrite"},
    "history": {"load_method": "history"},
    "slices": {"max_transaction_rows": 2},
    "polybase": WAYS["polybase"],
    "insert": WAYS["insert"],
}


@pytest.mark.parametrize("kind", RUNS)
def test_every_statement_of_a_run_that_may_have_a_label_has_one_and_all_others_are_found_by_their_session(kind, load_here, pool):
    pool.rows("SELECT 1")  # a session before the run's, which is not to be found
    load_here(LINES, max_rejected_rows=1, **RUNS[kind])
    run = f"target-synapse run={load_here.account.run_id}"
    found = [(command, label) for command, label, name in pool.rows(OF_SESSION) if name == run]
    own = [text.partition("{")[0] for texts in OWN.values() for text in texts if "{label}" not in text] if kind == "upsert" else []
    unlabelled = [command for command, label in found if label is None]
    assert [command for command in unlabelled if TAKES_A_LABEL.match(command) and not command.startswith(tuple(own))] == []
    assert all(any(command.startswith(text) for command in unlabelled) for text in own)
    assert {label for _, label in found if label and not label.startswith(f"{run} ")} == set()
    assert len(found) > 20
    assert json.dumps(found).count("COPY INTO") >= (0 if kind in {"insert", "polybase"} else 1)
