"""How checks are run: a line each, and the next depends on what went well."""

from __future__ import annotations

import pytest
from singer_commons.checking import Check, NotProvableError, run_checks
from singer_commons.errors import SuiteError


def failing(error):
    def attempt():
        raise error

    return attempt


def run(checks):
    lines = []
    return run_checks(checks, lines.append), lines


def test_every_kind_of_outcome_has_its_word():
    def checks():
        yield Check("pool", "login", lambda: "login accepted")
        yield Check("pool", "grant", failing(SuiteError("denied\nin two lines", hint="ask for it")))
        yield Check("pool", "extra", failing(SuiteError("denied")), optional=True)
        yield Check("pool", "key", failing(NotProvableError("not provable without sending")))
        yield Check("pool", "code", failing(RuntimeError("unforeseen")))

    assert run(checks()) == (
        1,
        [
            "ok   pool: login accepted\n",
            "FAIL pool: grant: denied in two lines - hint: ask for it\n",
            "note pool: extra: denied\n",
            "note pool: key: not provable without sending\n",
            "FAIL pool: code: RuntimeError: unforeseen\n",
        ],
    )


def test_notes_alone_are_no_failure():
    def checks():
        yield Check("pool", "key", failing(NotProvableError("not provable")))

    assert run(checks())[0] == 0


def test_what_depends_on_a_failure_is_not_tried():
    def checks():
        if (yield Check("pool", "login", failing(SuiteError("no")))):
            yield Check("pool", "grant", lambda: "granted")

    assert run(checks()) == (1, ["FAIL pool: login: no\n"])


def test_an_interrupted_check_still_tidies_up():
    tidied = []

    def checks():
        try:
            yield Check("pool", "login", failing(KeyboardInterrupt()))
        finally:
            tidied.append("table")

    with pytest.raises(KeyboardInterrupt):
        run(checks())
    assert tidied == ["table"]
