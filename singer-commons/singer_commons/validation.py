"""JSON Schema compiled to Python: some five times as fast as the SDK's default, with its verdict, and a refused record names its field.

What the compiled code takes the SDK's validator takes, too: schemas of which that is not sure are not compiled. What it refuses that one is asked about.
Numbers of the schema are compared as they were written, as the SDK compares them: 0.1 is not below a `minimum` of 0.1.
"""

from __future__ import annotations

import re
from decimal import Decimal, localcontext
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from singer_sdk.exceptions import InvalidRecord
from singer_sdk.sinks.core import BaseJSONSchemaValidator, JSONSchemaValidator

from singer_commons.columnar.checks import UNCHECKED, says_places

if TYPE_CHECKING:
    from collections.abc import Collection
    from decimal import Context

LITERAL = ("enum", "const", "default", "required", "examples")  # keywords whose values are no schemas
NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies")  # whose keys are no keywords
NOT_COMPILED = (SyntaxError, TypeError, AttributeError, KeyError, ValueError, re.error)  # the one before the last is the parent of the library's own
# Keywords of draft 2020-12, which the SDK checks, and compiled code passes over, as it does with whatever stands beside a `$ref` (fastjsonschema 2.22).
NEWER = frozenset(
    (
        "prefixItems", "minContains", "maxContains", "dependentRequired", "dependentSchemas", "unevaluatedProperties", "unevaluatedItems", "$ref",
        "$dynamicRef", "$recursiveRef", "$anchor",
    )
)  # fmt: skip
EXACT_DIGITS = 100  # of a quotient, to see whether a number is a `multipleOf` another: more than any number of a record has places
_LITERAL_NUMBER = re.compile(r"Decimal\('([^']*)'\)")


class NotAsDeclaredError(InvalidRecord):
    """A record that breaks its schema; `field` is the property at fault, where it is known."""

    def __init__(self, message: str, record: dict[str, Any], field: str | None) -> None:
        super().__init__(message, record)
        self.field = field


class CodeNumber(Decimal):
    """A number that stands in compiled code with all its digits: the library writes numbers there as they are printed."""

    def __repr__(self) -> str:
        """See object."""
        return f"Decimal('{Decimal.__str__(self)}')"

    __str__ = __repr__

    def __format__(self, specifier: str, context: Context | None = None, /) -> str:
        """See object."""
        return repr(self)


class CompiledValidator(BaseJSONSchemaValidator):
    """Checks records by a compiled schema, without the keywords in `unchecked`. Raises one of NOT_COMPILED for a schema that is not to be compiled."""

    def __init__(self, schema: dict[str, Any], unchecked: Collection[str] = ()) -> None:
        import fastjsonschema  # noqa: PLC0415 - not for `--version`

        super().__init__(schema)
        self._kept = checked_part(schema, unchecked)
        if is_beyond_compiling(self._kept):
            raise ValueError("the schema has keywords that compiled code does not know")
        self._refusal = fastjsonschema.JsonSchemaValueException
        self._check = fastjsonschema.compile(with_code_numbers(self._kept), use_formats="format" not in unchecked, use_default=False)

    def validate(self, record: dict[str, Any]) -> None:
        """Raise NotAsDeclaredError if the record breaks the schema."""
        try:
            with localcontext(prec=EXACT_DIGITS):
                self._check(record)
        except self._refusal as error:
            if not self._is_taken_by_the_sdk(record):
                field = ".".join(str(part) for part in error.path[1:]) or None
                reason = _LITERAL_NUMBER.sub(r"\1", str(error.message).replace("data.", "", 1))
                raise NotAsDeclaredError(reason, record, field) from None
        except (ArithmeticError, TypeError, ValueError, LookupError) as error:  # NaN compared with a number; a key's braces in the library's message
            if not self._is_taken_by_the_sdk(record):
                raise NotAsDeclaredError(f"the record cannot be checked: {error}", record, None) from None

    @cached_property
    def _second(self) -> JSONSchemaValidator:
        return JSONSchemaValidator(self._kept)

    def _is_taken_by_the_sdk(self, record: dict[str, Any]) -> bool:
        try:
            self._second.validate(record)
        except Exception:  # noqa: BLE001 - whatever it is, it is no yes
            return False
        return True


class SdkValidator(BaseJSONSchemaValidator):
    """The SDK's validator, which names the field of a refused record here."""

    def __init__(self, schema: dict[str, Any]) -> None:
        super().__init__(schema)
        self._validator = JSONSchemaValidator(schema)

    def validate(self, record: dict[str, Any]) -> None:
        """Raise NotAsDeclaredError if the record breaks the schema."""
        import jsonschema  # noqa: PLC0415 - not for `--version`

        try:
            self._validator.validator.validate(record)
        except jsonschema.ValidationError as error:
            raise NotAsDeclaredError(error.message, record, ".".join(map(str, error.absolute_path)) or None) from None
        except (ArithmeticError, TypeError, ValueError, RecursionError) as error:  # as above
            raise NotAsDeclaredError(f"the record cannot be checked: {error}", record, None) from None


def validator(schema: dict[str, Any], unchecked: Collection[str] = UNCHECKED) -> BaseJSONSchemaValidator:
    """The compiled validator, or the SDK's where the schema cannot be compiled. Raises InvalidJSONSchema for what is no JSON Schema."""
    try:
        return CompiledValidator(schema, unchecked)
    except NOT_COMPILED:
        return SdkValidator(checked_part(schema, unchecked))


def checked_part(schema: dict[str, Any], unchecked: Collection[str]) -> dict[str, Any]:
    """What of a stream's schema is checked: without some keywords, and without a property's decimal places, which its column checks."""
    kept = cast("dict[str, Any]", without(schema, frozenset(unchecked)))
    for part in kept.get("properties", {}).values():
        if says_places(part):
            del part["multipleOf"]
    return kept


def without(schema: Any, keywords: frozenset[str]) -> Any:
    """A copy of the schema without some keywords. Names of properties are no keywords, whatever they are called."""
    if isinstance(schema, list):
        return [without(one, keywords) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {}
    for keyword, value in schema.items():
        if keyword in NAMED and isinstance(value, dict):
            kept[keyword] = {name: without(part, keywords) for name, part in value.items()}
        elif keyword in LITERAL:
            kept[keyword] = value
        elif keyword not in keywords:
            kept[keyword] = without(value, keywords)
    return kept


def is_beyond_compiling(schema: Any) -> bool:
    """Whether a schema has keywords that compiled code does not know."""
    if isinstance(schema, list):
        return any(map(is_beyond_compiling, schema))
    if not isinstance(schema, dict):
        return False
    if not NEWER.isdisjoint(schema) and (schema.keys() != {"$ref"} or not str(schema["$ref"]).startswith("#")):
        return True
    return any(
        any(map(is_beyond_compiling, value.values())) if keyword in NAMED and isinstance(value, dict) else is_beyond_compiling(value)
        for keyword, value in schema.items()
        if keyword not in LITERAL
    )


def with_code_numbers(value: Any) -> Any:
    """The same schema, whose numbers with a point keep their digits in compiled code; whole ones are whole there, so that `true` is not 1.0."""
    if isinstance(value, list):
        return [with_code_numbers(one) for one in value]
    if isinstance(value, dict):
        return {name: with_code_numbers(one) for name, one in value.items()}
    if isinstance(value, float | Decimal) and Decimal(str(value)).is_finite():
        number = Decimal(str(value))
        return int(number) if number == number.to_integral_value() and abs(number) < 10**EXACT_DIGITS else CodeNumber(number)
    return value
