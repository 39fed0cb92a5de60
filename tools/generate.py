"""Write what is derived from the plugin classes: settings in meltano.yml and .env.example, settings and streams tables in the READMEs.

    python tools/generate.py            write the files
    python tools/generate.py --check    exit 1 and name the files that would change

A generated part stands between two marker lines, `made from PLUGIN: WHAT` and `end`; all else in a file is written by hand.
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from singer_sdk.plugin_base import PluginBase

ROOT = Path(__file__).resolve().parent.parent
PLUGINS = {
    "tap-autopilot": "tap_autopilot.tap:TapAutopilot",
    "tap-fullstory": "tap_fullstory.tap:TapFullstory",
    "tap-warehouse": "tap_warehouse.tap:TapWarehouse",
    "target-synapse": "target_synapse.target:TargetSynapse",
    "target-mparticle": "target_mparticle.target:TargetMParticle",
}
MARKED = re.compile(
    r"(?P<start>[^\n]*made from (?P<plugin>[a-z-]+): (?P<what>[a-z ]+?)(?: -->)?\n)(?P<body>.*?)(?P<end>[^\n]*\bend(?: -->)?\n)", re.DOTALL
)
KINDS = {"string": "string", "integer": "integer", "number": "decimal", "boolean": "boolean", "array": "array", "object": "object"}


def plugin_class(name: str) -> type[PluginBase]:
    """The class behind a command."""
    module, attribute = PLUGINS[name].split(":")
    found: type[PluginBase] = getattr(import_module(module), attribute)
    return found


def settings(schema: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Each setting's dotted name, its schema, and whether it is required; objects with named parts are taken apart."""
    for name, part in schema.get("properties", {}).items():
        if part.get("properties") and "object" in _types(part):
            yield from settings(part, f"{prefix}{name}.")
        else:
            yield prefix + name, part, name in schema.get("required", ())


def _types(part: dict[str, Any]) -> list[str]:
    kinds = part.get("type", "string")
    return [kind for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind != "null"]


def _kind(part: dict[str, Any]) -> str:
    if part.get("enum"):
        return "options"
    if part.get("format") in ("date-time", "date"):
        return "date_iso8601"
    return KINDS[_types(part)[0]]


def _choices(part: dict[str, Any]) -> list[str]:
    return [str(one) for one in part.get("enum", ()) if one is not None]


def meltano_settings(plugin: str) -> str:
    """The `settings:` entries of a plugin, as YAML lines at their place in meltano.yml."""
    lines = []
    for name, part, _required in settings(plugin_class(plugin).config_jsonschema):
        lines.append(f"    - name: {name}")
        lines.append(f"      kind: {_kind(part)}")
        lines += [
            f"      {key}: {json.dumps(value, ensure_ascii=False)}"
            for key, value in (("label", part.get("title")), ("description", part.get("description")))
            if value
        ]
        if part.get("secret"):
            lines.append("      sensitive: true")
        if choices := _choices(part):
            lines.append("      options:")
            lines += [f"      - {{label: {json.dumps(one)}, value: {json.dumps(one)}}}" for one in choices]
    return "\n".join(lines) + "\n"


def settings_table(plugin: str) -> str:
    """The settings of a plugin as a Markdown table."""
    rows = ["| setting | kind | default | what |", "|---|---|---|---|"]
    for name, part, required in settings(plugin_class(plugin).config_jsonschema):
        kind = " \\| ".join(f"`{one}`" for one in _choices(part)) or _kind(part).replace("date_iso8601", "date-time").replace("decimal", "number")
        default = "**required**" if required else f"`{json.dumps(part['default'])}`" if part.get("default") is not None else ""
        kind += ", secret" if part.get("secret") else ""
        what = " ".join(str(part.get("description", "")).split()).replace("|", "\\|")
        rows.append(f"| `{name}` | {kind} | {default} | {what} |")
    return "\n".join(["", *rows, ""]) + "\n"


def streams_table(plugin: str) -> str:
    """The streams that a tap discovers without settings, as a Markdown table."""
    tap: Any = plugin_class(plugin)(config={}, validate_config=False)
    rows = ["| stream | key | replication | columns |", "|---|---|---|--:|"]
    for stream in tap.streams.values():
        key = ", ".join(f"`{name}`" for name in stream.primary_keys or ()) or "none"
        method = f"incremental by `{stream.replication_key}`" if stream.replication_key else "full"
        rows.append(f"| `{stream.name}` | {key} | {method} | {len(stream.schema.get('properties', {}))} |")
    return "\n".join(["", *rows, ""]) + "\n"


def environment_lines(plugin: str) -> str:
    """The settings of a plugin as commented lines of .env.example."""
    lines = []
    for name, part, required in settings(plugin_class(plugin).config_jsonschema):
        if "." in name or _kind(part) in ("array", "object"):
            continue  # the SDK reads these from the environment as JSON only: a settings file is the better place
        default = "" if part.get("default") is None else str(part["default"]).lower() if isinstance(part["default"], bool) else str(part["default"])
        note = "  (required)" if required else ""
        lines += [f"# {part.get('title') or name}{note}", f"# {plugin.upper().replace('-', '_')}_{name.upper()}={default}"]
    return "\n".join(lines) + "\n"


WRITERS: dict[str, Callable[[str], str]] = {
    "meltano settings": meltano_settings,
    "settings": settings_table,
    "streams": streams_table,
    "environment": environment_lines,
}


def generated(text: str) -> str:
    """The text with each marked part written anew."""
    return MARKED.sub(lambda found: found["start"] + WRITERS[found["what"]](found["plugin"]) + found["end"], text)


def files() -> list[Path]:
    """The files that have generated parts."""
    return [ROOT / "meltano.yml", ROOT / ".env.example", *(ROOT / name / "README.md" for name in PLUGINS)]


def main() -> int:
    """Write or check; the exit code."""
    parser = argparse.ArgumentParser(description="Write what is derived from the plugin classes.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file would change")
    check = parser.parse_args().check
    logging.disable(logging.WARNING)  # the taps are made without settings, and say so
    changed = []
    for path in files():
        before = path.read_text(encoding="utf-8")
        if (after := generated(before)) != before:
            changed.append(path.relative_to(ROOT))
            if not check:
                path.write_text(after, encoding="utf-8")
    for path in changed:
        print(f"{path}: {'would change; run `make generate`' if check else 'written'}")
    return 1 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
