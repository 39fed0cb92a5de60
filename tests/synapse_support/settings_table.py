"""The settings table of the README, made from the class."""

from __future__ import annotations

from target_synapse.settings import CONFIG_SCHEMA

BEGIN, END = "<!-- settings: made from target_synapse/settings.py -->", "<!-- end of settings -->"


def settings_table():
    rows = ["| setting | what | default |", "|---|---|---|"]
    for name, part in CONFIG_SCHEMA["properties"].items():
        default = "**required**" if name in CONFIG_SCHEMA["required"] else f"`{str(part['default']).lower()}`" if "default" in part else ""
        secret = " Secret." if part.get("secret") else ""
        rows.append(f"| `{name}` | {part['description']}{secret} | {default} |")
    return "\n".join(rows)
