"""Runs the options that show something in this process, some twenty times as fast as the installed command, against the sandbox."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.http.control import Control
from singer_commons.command import run
from tap_autopilot.tap import TapAutopilot
from tap_fullstory.tap import TapFullstory
from tap_warehouse.tap import TapWarehouse
from target_mparticle.target import TargetMParticle
from target_synapse.target import TargetSynapse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pytest
    from singer_sdk.plugin_base import PluginBase

PLUGINS: Mapping[str, type[PluginBase]] = {one.name: one for one in (TapAutopilot, TapFullstory, TapWarehouse, TargetSynapse, TargetMParticle)}
MODELS = [{"name": "numbers", "sql": "SELECT range AS id, range * 2 AS twice FROM range(20)", "key_columns": ["id"], "iterator": "id"}]
CHANGING = ((re.compile(r"127\.0\.0\.1(, port |:)\d+"), "HOST"), (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"), "NOW"))


@dataclass(frozen=True)
class Shown:
    """What a run left: its exit code, and what it wrote."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def lines(self) -> list[str]:
        """Lines of stdout, without what changes from run to run."""
        text = self.stdout
        for pattern, word in CHANGING:
            text = pattern.sub(word, text)
        return text.splitlines()

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stdout.splitlines()]


@dataclass
class Stand:
    """The sandbox, and the settings that it gives for each command."""

    environment: Mapping[str, str]
    folder: Path
    capture: pytest.CaptureFixture[str]

    def settings(self, command: str) -> dict[str, Any]:
        prefix = f"{command.upper().replace('-', '_')}_"
        found = {name.removeprefix(prefix).lower(): _value(text) for name, text in self.environment.items() if name.startswith(prefix)}
        known = PLUGINS[command].config_jsonschema["properties"]
        more = {"models": MODELS} if command == "tap-warehouse" else {}
        return {name: value for name, value in found.items() if name in known} | more

    def control(self, service: str) -> Control:
        return Control(self.environment[f"SANDBOX_{service.upper()}_URL"])

    def show(
        self, command: str, *options: str, lines: Iterable[Mapping[str, Any]] = (), settings: Mapping[str, Any] | None = None, **changes: Any
    ) -> Shown:
        chosen = {**(self.settings(command) if settings is None else settings), **changes}
        (self.folder / "settings.json").write_text(json.dumps({name: value for name, value in chosen.items() if value is not None}))
        arguments = ["--config", str(self.folder / "settings.json"), *options]
        if command.startswith("target-"):
            (self.folder / "input.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
            arguments += ["--input", str(self.folder / "input.jsonl")]
        self.capture.readouterr()
        code = run(PLUGINS[command], arguments)
        told = self.capture.readouterr()
        return Shown(code, told.out, told.err)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
