"""The rejects file: whole lines, exact values, the owner's eyes only."""

from __future__ import annotations

import json
import stat
from decimal import Decimal
from pathlib import Path

import pytest
import time_machine
from singer_commons.errors import SuiteError
from singer_commons.rejects import RejectsFile
from singer_commons.secrets import Mask, use_mask


def test_a_row_is_kept_with_its_reason_and_exact_values(tmp_path):
    path = tmp_path / "new folder" / "rejects.jsonl"
    rejects = RejectsFile(path)
    with time_machine.travel("2026-11-21T10:00:00Z", tick=False):
        row = {"id": 2**60, "amount": Decimal("1.10000000000000000001"), "note": None}
        rejects.write("orders", row, code="BAD_VALUE", reason="amount has too many digits", keys=["id"], field="amount", line=7)
    rejects.close()
    line = path.read_text()
    assert json.loads(line, parse_float=Decimal) == {
        "time": "2026-11-21T10:00:00.000+00:00",
        "stream": "orders",
        "line": 7,
        "key": {"id": 2**60},
        "code": "BAD_VALUE",
        "reason": "amount has too many digits",
        "field": "amount",
        "record": {"id": 2**60, "amount": Decimal("1.10000000000000000001"), "note": None},
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_run_without_rejects_makes_no_file(tmp_path):
    rejects = RejectsFile(tmp_path / "rejects.jsonl")
    rejects.sync()
    rejects.close()
    assert not (tmp_path / "rejects.jsonl").exists()


def test_a_second_run_appends(tmp_path):
    for number in (1, 2):
        rejects = RejectsFile(tmp_path / "rejects.jsonl")
        rejects.write("s", {"id": number}, code="C", reason="r")
        rejects.close()
    assert [json.loads(line)["record"]["id"] for line in (tmp_path / "rejects.jsonl").read_text().splitlines()] == [1, 2]


def test_a_row_that_is_no_unicode_is_kept_too(tmp_path):
    rejects = RejectsFile(tmp_path / "rejects.jsonl")
    rejects.write("s", {"text": "half \ud83d"}, code="C", reason="r")
    rejects.close()
    assert json.loads((tmp_path / "rejects.jsonl").read_text())["record"] == {"text": "half \ud83d"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_a_full_disk_is_told_with_the_files_name():
    with pytest.raises(SuiteError, match=r"^the rejects file /dev/full cannot be written: No space left on device$") as caught:
        RejectsFile("/dev/full").write("s", {"id": 1}, code="C", reason="r")
    assert caught.value.hint == "make room or change `rejects_path`; the next run gets the rows behind the last STATE again"


def test_a_services_words_are_kept_without_the_key(tmp_path):
    use_mask(Mask(["hunter-two"]))
    try:
        rejects = RejectsFile(tmp_path / "rejects.jsonl")
        rejects.write("s", {"id": 1}, code="C", reason='no such key: "hunter%2Dtwo"')
        rejects.close()
    finally:
        use_mask(Mask())
    assert json.loads((tmp_path / "rejects.jsonl").read_text())["reason"] == 'no such key: "***"'
