"""What of a JSON Schema columns can check, and what needs a look at values or at whole records.

Every check here is on the safe side: what it lets pass the validator lets pass too, and what it refuses is looked at again by itself.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

# Keywords that restrict values (https://json-schema.org/draft/2020-12/json-schema-validation and core, and of older drafts); all others only tell.
RESTRICTING = frozenset(
    (
        "enum", "const", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength", "minLength", "pattern", "format",
        "maxItems", "minItems", "uniqueItems", "contains", "maxContains", "minContains", "items", "additionalItems", "prefixItems", "maxProperties",
        "minProperties", "required", "properties", "patternProperties", "additionalProperties", "propertyNames", "dependencies", "dependentRequired",
        "dependentSchemas", "unevaluatedItems", "unevaluatedProperties", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "$ref", "$dynamicRef",
        "$recursiveRef", "disallow", "extends", "divisibleBy",
    )
)  # fmt: skip
UNCHECKED = ("format",)  # as in the SDK
TYPES = frozenset(("null", "boolean", "integer", "number", "string", "object", "array"))
NUMBERS = frozenset(("integer", "number"))


class SchemaRules:
    """The rules for a stream's columns. `schema` is None if records are not validated: then only keys must be there."""

    def __init__(self, schema: Mapping[str, Any] | None, keys: Collection[str], *, unchecked: Collection[str] = ()) -> None:
        self.unchecked = frozenset(unchecked)
        self.is_validating = schema is not None
        self.schema: Mapping[str, Any] = schema or {}
        self.properties: Mapping[str, Any] = self.schema.get("properties", {})
        self.checked = {name: without_places(part) for name, part in self.properties.items()}
        self.required = {*keys, *self.schema.get("required", ())}
        self.needs_rows = not self._is_plain_object() or any("$ref" in str(part) for part in self.properties.values())
        self.is_closed = not self.needs_rows and self.schema.get("additionalProperties") is False  # keys of no property are refused

    def _is_plain_object(self) -> bool:
        allowed = {"properties", "required", *(("additionalProperties",) if isinstance(self.schema.get("additionalProperties"), bool) else ())}
        kinds = json_kinds(self.schema)
        return restrictions(self.schema, self.unchecked) <= allowed and (kinds is None or "object" in kinds)

    def kinds(self, name: str) -> frozenset[str] | None:
        """The JSON types that the property may have; None if any."""
        part = self.properties.get(name)
        return json_kinds(part) if isinstance(part, dict) else None

    def is_nullable(self, name: str) -> bool:
        """Whether null is a value of the property, as far as its type tells."""
        kinds = self.kinds(name)
        return kinds is None or "null" in kinds

    def restricts(self, name: str) -> bool:
        """Whether more than the types of the property's values is restricted."""
        return name in self.checked and not is_only_types(self.checked[name], self.unchecked)


def says_places(schema: Any) -> bool:
    """Whether `multipleOf` says no more than how many decimal places a number has: its column checks them, exactly."""
    step = schema.get("multipleOf") if isinstance(schema, dict) else None
    if isinstance(step, bool) or not isinstance(step, int | float | Decimal) or step <= 0:
        return False
    digits = Decimal(str(step)).normalize().as_tuple()
    return digits.digits == (1,) and isinstance(digits.exponent, int) and digits.exponent <= 0


def without_places(schema: Any) -> Any:
    """A property's schema without what `says_places`."""
    return {name: value for name, value in schema.items() if name != "multipleOf"} if says_places(schema) else schema


def json_kinds(schema: Mapping[str, Any]) -> frozenset[str] | None:
    """The JSON types that a value may have, `null` among them; None if the schema does not say."""
    options = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(options, list):
        parts = [json_kinds(option) if isinstance(option, dict) else None for option in options]
        return None if None in parts else frozenset().union(*(part for part in parts if part is not None))
    kinds = schema.get("type")
    if kinds is None:
        return None
    return frozenset((kinds,) if isinstance(kinds, str) else kinds)


def restrictions(schema: Mapping[str, Any], unchecked: frozenset[str]) -> frozenset[str]:
    """The keywords of a schema that restrict values, `type` aside."""
    return RESTRICTING.intersection(schema) - unchecked


def is_only_types(schema: Any, unchecked: frozenset[str]) -> bool:
    """Whether nothing but the types of a property's values is restricted, so that `json_kinds` says it all."""
    if not isinstance(schema, dict):
        return schema is True
    kinds = schema.get("type", [])
    if not all(isinstance(kind, str) and kind in TYPES for kind in ([kinds] if isinstance(kinds, str) else kinds)):
        return False
    found = restrictions(schema, unchecked)
    if found in ({"anyOf"}, {"oneOf"}) and "type" not in schema:
        (choice,) = found
        options: Sequence[Any] = schema[choice]
        return bool(options) and all(is_only_types(option, unchecked) for option in options) and (choice == "anyOf" or _exclude_each_other(options))
    return not found


def _exclude_each_other(options: Sequence[Any]) -> bool:
    seen: set[str] = set()
    for option in options:
        kinds = json_kinds(option) if isinstance(option, dict) else None
        if kinds is None or seen & kinds:
            return False
        seen |= kinds | (NUMBERS if kinds & NUMBERS else frozenset())
    return True
