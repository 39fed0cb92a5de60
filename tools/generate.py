"""Write what is derived from the plugin classes, and from the bench's newest results: parts of meltano.yml, .env.example and the READMEs, docs/hub.

    python tools/generate.py            write the files
    python tools/generate.py --check    exit 1 and name the files that would change

A generated part stands between two marker lines, `made from PLUGIN: WHAT` and `end`; all else in those files is written by hand.
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import sys
from typing import TYPE_CHECKING, Any

from hub import hub_definition
from plugins import CLASSES, ROOT, plugin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MARKED = re.compile(
    r"(?P<start>[^\n]*made from (?P<plugin>[a-z-]+): (?P<what>[a-z ]+?)(?: -->)?\n)(?P<body>.*?)(?P<end>[^\n]*\bend(?: -->)?\n)", re.DOTALL
)
TABLE_KINDS = {"date_iso8601": "date-time", "decimal": "number"}  # what Meltano names in a way of its own


def meltano_capabilities(name: str) -> str:
    """What a plugin can do, and which settings it must have, as lines of meltano.yml."""
    capabilities, required = ", ".join(plugin(name).about["capabilities"]), ", ".join(plugin(name).required)
    return f"    capabilities: [{capabilities}]\n    settings_group_validation: [[{required}]]\n"


def meltano_settings(name: str) -> str:
    """The `settings:` entries of a plugin, as YAML lines at their place in meltano.yml."""
    lines = []
    for setting in plugin(name).own_settings:
        lines += [f"    - name: {setting.name}", f"      kind: {setting.kind}"]
        told = (("label", setting.part.get("title")), ("description", setting.part.get("description")))
        lines += [f"      {key}: {json.dumps(value, ensure_ascii=False)}" for key, value in told if value]
        if setting.part.get("secret"):
            lines.append("      sensitive: true")
        if setting.choices:
            lines.append("      options:")
            lines += [f"      - {{label: {json.dumps(one)}, value: {json.dumps(one)}}}" for one in setting.choices]
    return "\n".join(lines) + "\n"


def settings_table(name: str) -> str:
    """The settings of a plugin as a Markdown table."""
    rows = []
    for setting in plugin(name).own_settings:
        part = setting.part
        kind = " \\| ".join(f"`{one}`" for one in setting.choices) or TABLE_KINDS.get(setting.kind, setting.kind)
        default = "**required**" if setting.required else f"`{json.dumps(part['default'])}`" if part.get("default") is not None else ""
        rows.append((f"`{setting.name}`", kind + (", secret" if part.get("secret") else ""), default, _cell(part.get("description"))))
    return _table(("setting", "kind", "default", "what"), "|---|---|---|---|", rows)


def streams_table(name: str) -> str:
    """The streams that a tap discovers without settings, as a Markdown table; the remark is the docstring of the stream's class."""
    tap: Any = plugin(name).made_by(config={}, validate_config=False)
    rows = []
    for stream in tap.streams.values():
        key = ", ".join(f"`{one}`" for one in stream.primary_keys or ()) or "none"
        method = f"incremental by `{stream.replication_key}`" if stream.replication_key else "full"
        rows.append((f"`{stream.name}`", key, method, str(len(stream.schema.get("properties", {}))), _cell(type(stream).__doc__)))
    return _table(("stream", "key", "replication", "columns", "what"), "|---|---|---|--:|---|", rows)


def columns_tables(name: str) -> str:
    """The columns of each stream that a tap discovers without settings, a Markdown table a stream; with the other spelling, where there is one."""
    made_by: Any = plugin(name).made_by
    is_spelled = any(setting.name == "field_case" for setting in plugin(name).own_settings)
    tap = made_by(config={}, validate_config=False)
    other = made_by(config={"field_case": "snake"}, validate_config=False) if is_spelled else tap
    text = ""
    for stream in tap.streams.values():
        columns, others = stream.schema["properties"], other.streams[stream.name].schema["properties"]
        differ = list(columns) != list(others)
        rows = [
            (f"`{column}`", *((f"`{spelled}`",) if differ else ()), _column_kind(part) + (", key" if column in stream.primary_keys else ""))
            for (column, part), spelled in zip(columns.items(), others, strict=True)
        ]
        head = ("column", *(("in snake case",) if differ else ()), "kind")
        text += f"\n### `{stream.name}`\n" + _table(head, "|---" * len(head) + "|", rows).rstrip("\n") + "\n"
    return text + "\n"


def _column_kind(part: dict[str, Any]) -> str:
    kinds = part.get("type", "any")
    kind = part.get("format") or next((one for one in ([kinds] if isinstance(kinds, str) else kinds) if one != "null"), "null")
    if kind == "array":
        inner = part.get("items", {})
        return "array of " + (
            f"objects: {', '.join(f'`{one}`' for one in inner['properties'])}" if inner.get("properties") else inner.get("type", "any")
        )
    return str(kind)


def environment_lines(name: str) -> str:
    """The settings of a plugin as commented lines of .env.example."""
    lines = []
    for setting in plugin(name).own_settings:
        if "." in setting.name or setting.kind in ("array", "object"):
            continue  # the SDK reads these from the environment as JSON only: a settings file is the better place
        default = setting.part.get("default")
        text = "" if default is None else str(default).lower() if isinstance(default, bool) else str(default)
        variable = f"{name}_{setting.name}".upper().replace("-", "_")
        lines += [f"# {setting.part.get('title') or setting.name}{'  (required)' if setting.required else ''}", f"# {variable}={text}"]
    return "\n".join(lines) + "\n"


def speed(_name: str) -> str:
    """What the newest results of the bench say."""
    sys.path.append(str(ROOT))
    from bench.readme import newest, speed_section  # noqa: PLC0415 - the bench is a package of the checkout's root, and on no path

    return speed_section(newest())


def _cell(text: object) -> str:
    return " ".join(str(text or "").split()).replace("|", "\\|")


def _table(head: tuple[str, ...], rule: str, rows: list[tuple[str, ...]]) -> str:
    return "\n".join(["", f"| {' | '.join(head)} |", rule, *(f"| {' | '.join(row)} |" for row in rows), ""]) + "\n"


WRITERS: dict[str, Callable[[str], str]] = {
    "meltano capabilities": meltano_capabilities,
    "meltano settings": meltano_settings,
    "settings": settings_table,
    "streams": streams_table,
    "columns": columns_tables,
    "environment": environment_lines,
    "speed": speed,
}


def generated(text: str) -> str:
    """The text with each marked part written anew."""
    return MARKED.sub(lambda found: found["start"] + WRITERS[found["what"]](found["plugin"]) + found["end"], text)


def files() -> Iterator[tuple[Path, str, str]]:
    """Each file that is generated, or has generated parts: its path, what it holds, and what it should hold."""
    for path in [ROOT / "meltano.yml", ROOT / ".env.example", ROOT / "README.md", *(ROOT / name / "README.md" for name in CLASSES)]:
        before = path.read_text(encoding="utf-8")
        yield path, before, generated(before)
    for name in CLASSES:
        path = ROOT / "docs" / "hub" / f"{name}.yml"
        yield path, path.read_text(encoding="utf-8") if path.exists() else "", hub_definition(name)


def main() -> int:
    """Write or check; the exit code."""
    parser = argparse.ArgumentParser(description="Write what is derived from the plugin classes.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file would change")
    check = parser.parse_args().check
    logging.disable(logging.WARNING)  # the taps are made without settings, and say so
    changed = [(path, after) for path, before, after in files() if after != before]
    for path, after in changed:
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(after, encoding="utf-8")
        print(f"{path.relative_to(ROOT)}: {'would change; run `make generate`' if check else 'written'}")
    return 1 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
