"""Definitions of the plugins for MeltanoHub, as YAML of the Hub's own layout: names in alphabetical order, one file a variant.

The Hub's tools would guess a setting's kind from its name (whatever holds `password`, `id`, `token`, `key` or `secret` is masked, anything
else is not: `hub_utils/meltano_util.py` in meltano/hub, 9d28b36). Here each kind is written out, and says what the class says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from plugins import plugin, project

if TYPE_CHECKING:
    from plugins import Setting

LINE_CHARS = 120
HEAD = "# Made by `make generate` from the class {made_by} and `{name} --about --format=json`. Before it is handed in: what README.md lists for the publisher.\n"
LABELS = {
    "tap-autopilot": ("Autopilot", "https://autopilotapp.com/"),  # as in the Hub's older definition
    "tap-fullstory": ("FullStory", "https://www.fullstory.com/"),
    "tap-warehouse": ("SQL warehouse", None),
    "target-synapse": ("Azure Synapse", "https://azure.microsoft.com/products/synapse-analytics"),
    "target-mparticle": ("mParticle", "https://www.mparticle.com/"),
}


def hub_definition(name: str) -> str:
    """The Hub's file for a plugin."""
    one = plugin(name)
    label, domain_url = LABELS[name]
    definition: dict[str, Any] = {
        "capabilities": one.about["capabilities"],
        "description": project(name)["description"],
        "executable": name,
        "keywords": ["meltano_sdk", *(word for word in project(name)["keywords"] if word not in ("singer", "meltano", "elt", name))],
        "label": label,
        "log_parser": "singer-sdk",
        "maintenance_status": "beta",
        "name": name,
        "namespace": name.replace("-", "_"),
        "pip_url": project(name)["name"],
        "quality": "silver",  # what the Hub gives a community plugin that is built on the SDK (hub_utils/meltano_util.py, 9d28b36)
        "settings": [hub_setting(setting) for setting in one.all_settings],
        "settings_group_validation": [one.required],
        "supported_python_versions": one.about["supported_python_versions"],
        "variant": "sluice",
    }
    if domain_url:
        definition["domain_url"] = domain_url
    head = HEAD.format(made_by=one.made_by.__name__, name=name)
    return head + yaml.safe_dump(definition, sort_keys=True, allow_unicode=True, width=LINE_CHARS)


def hub_setting(setting: Setting) -> dict[str, Any]:
    """One entry of `settings:`."""
    part, secret = setting.part, bool(setting.part.get("secret"))
    entry: dict[str, Any] = {
        "name": setting.name,
        "kind": "password" if secret else setting.kind,
        "label": part.get("title") or setting.name.replace("_", " ").capitalize(),
    }
    if part.get("description"):
        entry["description"] = part["description"]
    if part.get("default") is not None:
        entry["value"] = part["default"]
    if secret:
        entry["sensitive"] = True
    if setting.choices:
        entry["options"] = [{"label": one, "value": one} for one in setting.choices]
    return entry
