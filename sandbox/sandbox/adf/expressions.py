"""What a definition says for given parameters, as far as a copy needs it.

An expression is a text that begins with `@`, alone or as `{"value": ..., "type": "Expression"}`
[learn.microsoft.com/azure/data-factory/control-flow-expression-language-functions]; of the language only the parameters of the pipeline and of the dataset are known here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_PARAMETER = re.compile(r"@(pipeline\(\)\.parameters|dataset\(\))\.(\w+)")


class DefinitionError(ValueError):
    """The definition cannot be worked with; the text goes into the run's message."""


def resolved(value: Any, pipeline: Mapping[str, Any], dataset: Mapping[str, Any]) -> Any:
    """The value with its expressions worked out. Raises DefinitionError for one that is not known here."""
    if isinstance(value, dict):
        if value.get("type") == "Expression":
            return resolved(value["value"], pipeline, dataset)
        return {name: resolved(part, pipeline, dataset) for name, part in value.items()}
    if isinstance(value, list):
        return [resolved(part, pipeline, dataset) for part in value]
    if not isinstance(value, str) or not value.startswith("@"):
        return value
    found = _PARAMETER.fullmatch(value)
    if not found:
        raise DefinitionError(f"the stand-in does not know the expression '{value}'")
    known = dataset if found[1] == "dataset()" else pipeline
    if found[2] not in known:
        raise DefinitionError(f"The expression '{value}' cannot be evaluated because property '{found[2]}' doesn't exist")
    return known[found[2]]
