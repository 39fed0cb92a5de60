from __future__ import annotations

import json

from mparticle_lines import SCHEMA, record, state, user


def profiles(control):
    return [(one["user_identities"], one["user_attributes"]) for one in control.stored("what=profiles")]


def test_reserved_names_become_identities_the_rest_attributes_and_the_iterator_is_not_sent(load, control):
    run = load(
        [
            SCHEMA,
            record(user(1, email="ada@example.com", **{"$firstname": "Ada"})),
            record(user(2, email=None, spend=12.25)),
            state("2023-11-15T18:00:02.000000Z"),
        ]
    )
    assert (run.exit_code, run.states) == (0, [state("2023-11-15T18:00:02.000000Z")["value"]]), run.stderr
    assert profiles(control) == [
        ({"customer_id": "c-1", "email": "ada@example.com"}, {"$firstname": "Ada", "spend": 1}),
        ({"customer_id": "c-2"}, {"spend": 12.25}),
    ]
    assert " = 2 loaded + 0 rejected + 0 skipped, bookmark none -> 2023-11-15T18:00:02.000000Z, 1 call, 0.0 s waited, 2 batches\n" in run.stderr


def test_the_same_input_again_is_taken_and_stores_nothing_twice(load_inside, control):
    lines = [SCHEMA, *(record(user(number)) for number in range(5))]
    load_inside(lines)
    load_inside(lines)
    counts = control.stored()
    assert (counts["accepted"], counts["stored"], counts["repeated"]) == (10, 5, 5)


def test_a_row_without_identity_is_rejected_on_disk_and_the_run_ends_with_3(load, control, tmp_path):
    run = load([SCHEMA, record(user(1)), record(user(2, customer_id="")), record(user(3)), state("x")])
    assert run.exit_code == 3, run.stderr
    assert run.states == [state("x")["value"]]
    [line] = [json.loads(line) for line in (tmp_path / "target-mparticle.rejects.jsonl").read_text().splitlines()]
    assert (line["stream"], line["key"], line["code"]) == ("users", {"customer_id": ""}, "NO_IDENTITY")
    assert [identities for identities, _ in profiles(control)] == [{"customer_id": "c-1"}, {"customer_id": "c-3"}]
    assert "1 of 3 rows were rejected, 0 rows allowed" in run.reason
