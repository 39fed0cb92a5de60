"""`tap-autopilot | target` as two processes, killed where a test wants it, and what the account holds for comparison."""

from __future__ import annotations

import email.utils
import json
import subprocess
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from harness import COMMANDS, command_environment

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.http.control import Control

LIMIT_S = 240  # far more than a pipe takes, also on a busy machine
LOOK_EVERY_S = 0.02
COLUMNS = ("contact_id", "Name", "Email", "Title", "Company", "Status", "MailingCity", "unsubscribed", "modified_at")


@dataclass
class Pipe:
    """The two processes' settings, and the state between runs."""

    folder: Path
    account: Control
    tap_settings: dict[str, Any]
    target: list[str]
    target_environment: dict[str, str] = field(default_factory=dict)
    state: dict[str, Any] | None = None
    catalog: dict[str, Any] | None = None

    def select(self, *streams: str, full: tuple[str, ...] = ()) -> None:
        """Read these streams from now on, those in `full` as full tables."""
        self.catalog = self._discovered()
        for entry in self.catalog["streams"]:
            (root,) = [one["metadata"] for one in entry["metadata"] if one["breadcrumb"] == []]
            root["selected"] = entry["tap_stream_id"] in streams
            entry["replication_method"] = "FULL_TABLE" if entry["tap_stream_id"] in full else entry["replication_method"]

    def _discovered(self) -> dict[str, Any]:
        command = [str(COMMANDS / "tap-autopilot"), "--config", self._file("tap.json", self.tap_settings), "--discover"]
        return json.loads(
            subprocess.run(command, cwd=self.folder, env=command_environment(), capture_output=True, check=True, timeout=LIMIT_S).stdout
        )

    def run(self, *, kill: str | None = None, behind_pages: int = 0, **tap_settings: Any) -> None:
        """Run to the end; or kill `tap` or `target` once so many pages of contacts were answered. Keeps the last state line."""
        tap = [str(COMMANDS / "tap-autopilot"), "--config", self._file("tap.json", {**self.tap_settings, **tap_settings})]
        for option, value in (("state", self.state), ("catalog", self.catalog)):
            tap += [f"--{option}", self._file(f"{option}.json", value)] if value else []
        self.account.forget_requests()
        with (self.folder / "states.jsonl").open("w") as states, (self.folder / "log.txt").open("w") as log:
            more = {"cwd": self.folder, "env": command_environment(self.target_environment), "stderr": log}
            source = subprocess.Popen(tap, stdout=subprocess.PIPE, **more)
            target = subprocess.Popen(self.target, stdin=source.stdout, stdout=states, **more)
            source.stdout.close()  # the target's alone now: its end is then the tap's
            if kill:
                until(lambda: pages_asked(self.account) > behind_pages or source.poll() is not None)
                {"tap": source, "target": target}[kill].kill()
            codes = source.wait(LIMIT_S), target.wait(LIMIT_S)
        assert kill or codes == (0, 0), (codes, (self.folder / "log.txt").read_text()[-3000:])
        self.state = last_state((self.folder / "states.jsonl").read_text()) or self.state

    def _file(self, name: str, value: object) -> str:
        (self.folder / name).write_text(json.dumps(value))
        return str(self.folder / name)


def last_state(text: str) -> dict[str, Any] | None:
    """The last whole line: a killed process may leave a part of one behind it."""
    lines = [line for line in text.splitlines(keepends=True) if line.endswith("\n") and line.strip()]
    return json.loads(lines[-1]) if lines else None


def pages_asked(account: Control) -> int:
    """How many pages of contacts were asked for since the log was emptied."""
    paths = [one["path"] for one in account.requests()]
    return sum(one == "/v1/contacts" or one.startswith("/v1/contacts/person_") for one in paths)


def until(condition) -> None:
    """Wait for what another process does."""
    latest_s, wait = time.monotonic() + LIMIT_S, threading.Event()
    while not condition():
        assert time.monotonic() < latest_s, "this did not come about in time"
        wait.wait(LOOK_EVERY_S)


def rows_of_account(account: Control) -> dict[str, tuple[Any, ...]]:
    """The contacts that the account holds, each as the values of COLUMNS."""
    return {one["contact_id"]: tuple(_value(one, name) for name in COLUMNS) for one in account.stored("what=contacts")}


def pairs_of_account(account: Control) -> set[tuple[str, str]]:
    """List and contact, for each membership that the account holds."""
    return {(one["list_id"], one["contact_id"]) for one in account.stored("what=lists_contacts")}


def _value(contact: dict[str, Any], name: str) -> Any:
    if name != "modified_at":
        return contact.get(name)
    return moment(contact.get("updated_at") or contact["created_at"])


def moment(stamp: Any) -> datetime:
    """A stamp in any of the service's forms; written here once more, so that the tap's own reading is not held against itself."""
    if isinstance(stamp, datetime):
        return stamp.replace(tzinfo=stamp.tzinfo or UTC).astimezone(UTC)
    if str(stamp).isdigit():
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(stamp))
    if str(stamp).endswith("GMT"):
        return email.utils.parsedate_to_datetime(stamp)
    found = datetime.fromisoformat(str(stamp))
    return (found.replace(tzinfo=UTC) if found.tzinfo is None else found).astimezone(UTC)


def as_read(row) -> tuple[Any, ...]:
    """The values of COLUMNS as a destination gives them: flags may be numbers, stamps text."""
    *plain, unsubscribed, modified = row
    return (*plain, None if unsubscribed is None else bool(unsubscribed), moment(modified))
