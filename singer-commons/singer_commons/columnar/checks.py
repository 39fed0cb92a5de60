"""What of a JSON Schema columns have to check, and what only a look at whole records can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_commons.columnar.types import json_kinds

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

# Keywords that restrict values (https://json-schema.org/draft/2020-12/json-schema-validation and the core vocabulary); all others only tell.
RESTRICTING = frozenset(
    (
        "enum", "const", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength", "minLength", "pattern", "format",
        "maxItems", "minItems", "uniqueItems", "contains", "maxContains", "minContains", "items", "additionalItems", "prefixItems", "maxProperties",
        "minProperties", "required", "properties", "patternProperties", "additionalProperties", "propertyNames", "dependencies", "dependentRequired",
        "dependentSchemas", "unevaluatedItems", "unevaluatedProperties", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "$ref", "$dynamicRef",
        "$recursiveRef", "disallow", "extends", "divisibleBy",
    )
)  # fmt: skip
TYPES = frozenset(("null", "boolean", "integer", "number", "string", "object", "array"))


class ColumnChecks:
    """The rules for the columns of a stream. `schema` is None if records are not validated: then only keys must be there."""

    def __init__(self, schema: Mapping[str, Any] | None, keys: Collection[str], *, unchecked: Collection[str] = ()) -> None:
        self._unchecked = frozenset(unchecked)
        self.is_validating = schema is not None
        self.properties: Mapping[str, Any] = schema["properties"] if schema else {}
        self.required = {*keys, *(schema.get("required", ()) if schema else ())}
        self.needs_rows = schema is not None and not (self._is_plain_object(schema) and all(map(self.is_plain, self.properties.values())))

    def _is_plain_object(self, schema: Mapping[str, Any]) -> bool:
        found = self._restrictions(schema) - {"properties", "required"}
        if schema.get("additionalProperties") is True:
            found -= {"additionalProperties"}
        return not found and isinstance(schema.get("required", []), list) and "object" in (json_kinds(schema) or ("object",))

    def _restrictions(self, schema: Mapping[str, Any]) -> frozenset[str]:
        return RESTRICTING.intersection(schema) - self._unchecked

    def is_plain(self, schema: Any) -> bool:
        """Whether nothing but the types of a property's values is restricted."""
        if not isinstance(schema, dict):
            return schema is True
        kinds = schema.get("type", [])
        if not all(isinstance(kind, str) and kind in TYPES for kind in ([kinds] if isinstance(kinds, str) else kinds)):
            return False
        found = self._restrictions(schema)
        if found in ({"anyOf"}, {"oneOf"}) and "type" not in schema:
            (choice,) = found
            options: Sequence[Any] = schema[choice]
            return bool(options) and all(map(self.is_plain, options)) and (choice == "anyOf" or _exclude_each_other(options))
        return not found

    def kinds(self, name: str) -> frozenset[str] | None:
        """The JSON types that the property may have; None if any."""
        part = self.properties.get(name)
        return json_kinds(part) if isinstance(part, dict) and self.is_validating else None

    def is_nullable(self, name: str) -> bool:
        """Whether null is a value of the property."""
        kinds = self.kinds(name)
        return kinds is None or "null" in kinds


def _exclude_each_other(options: Sequence[Any]) -> bool:
    seen: set[str] = set()
    for option in options:
        kinds = json_kinds(option) if isinstance(option, dict) else None
        if kinds is None or seen & kinds:
            return False
        seen |= kinds | (kinds & {"integer", "number"} and {"integer", "number"})
    return True
