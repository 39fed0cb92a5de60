"""Checks of a column's values beyond their types: by Arrow where it says the same as the validator, by a typed read of nested JSON, else value by value."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from functools import reduce
from math import ceil, floor
from operator import or_
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from singer_commons.columnar.blocks import record_of
from singer_commons.columnar.checks import is_only_types, json_kinds, restrictions
from singer_commons.columnar.probe import can_probe
from singer_commons.columnar.types import MAX_DECIMAL_DIGITS, is_raw_json

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    Check = Callable[[pa.Array], pa.Array | None]  # which values are refused, nulls aside; None: none are

BOUNDS = frozenset(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"))
BEYOND = {"minimum": pc.less, "maximum": pc.greater, "exclusiveMinimum": pc.less_equal, "exclusiveMaximum": pc.greater_equal}
# What is beyond 0.125 is beyond 0.12 or 0.13, where values have two places.
NEARER = {"minimum": ROUND_CEILING, "maximum": ROUND_FLOOR, "exclusiveMinimum": ROUND_FLOOR, "exclusiveMaximum": ROUND_CEILING}
EXACT = Context(prec=2 * MAX_DECIMAL_DIGITS)
SCALARS = {"null": type(None), "boolean": bool, "integer": int, "string": str}


def value_check(field: pa.Field, schema: Any, unchecked: frozenset[str], is_valid: Callable[[Any], bool]) -> Check:
    """The check of a property's values. `is_valid` looks at one of them."""
    if is_raw_json(field):
        return _nested_check(schema, unchecked, is_valid)
    found = restrictions(schema, unchecked) if isinstance(schema, dict) else {"?"}
    kinds = (json_kinds(schema) or frozenset()) - {"null"} if isinstance(schema, dict) else frozenset()
    checks: list[Check] | None = None
    if types.is_int64(field.type) and kinds == {"integer"} and found <= {"minimum", "maximum", "enum"}:
        checks = _integer_checks(schema)
    elif types.is_string(field.type) and kinds == {"string"} and found <= {"minLength", "maxLength", "enum"}:
        checks = _text_checks(schema)
    elif types.is_floating(field.type) or types.is_decimal(field.type):
        return _number_check(field.type, schema, found, is_valid)
    return _one_by_one(is_valid) if checks is None else _any_of(checks)


def _any_of(checks: list[Check]) -> Check:
    def check(column: pa.Array) -> pa.Array | None:
        refused = None
        for one in checks:
            mask = one(column)
            refused = mask if refused is None else pc.or_(refused, mask)
        return refused

    return check


def _integer_checks(schema: Mapping[str, Any]) -> list[Check] | None:
    checks: list[Check] = []
    low, high, allowed = schema.get("minimum"), schema.get("maximum"), schema.get("enum")
    if not all(bound is None or _is_number(bound) for bound in (low, high)):
        return None
    if low is not None:
        least = pa.scalar(max(ceil(low), -(2**63)), pa.int64())
        checks.append(lambda column: pc.less(column, least))
    if high is not None:
        most = pa.scalar(min(floor(high), 2**63 - 1), pa.int64())
        checks.append(lambda column: pc.greater(column, most))
    if allowed is not None:
        known = [one for one in allowed if one is not None]
        if not all(type(one) is int and -(2**63) <= one < 2**63 for one in known):
            return None
        checks.append(_outside(pa.array(known, pa.int64())))
    return checks


def _number_check(kind: pa.DataType, schema: Mapping[str, Any], found: Collection[str], is_valid: Callable[[Any], bool]) -> Check:
    """A column has other numbers than the record: a double near its Decimal, a Decimal for an integer. So what may differ by that is refused."""
    bounds = [schema[name] for name in BOUNDS.intersection(found)]
    if not all(map(_is_number, bounds)) or not BOUNDS.issuperset(found):
        return pc.is_valid  # type: ignore[no-any-return]  # pyarrow is untyped
    if types.is_decimal(kind):
        one_by_one = _one_by_one(is_valid if kind.scale else lambda value: is_valid(int(value)))
        checks_of_decimals = _decimal_checks(kind, schema, found)
        return one_by_one if checks_of_decimals is None else _cast_first(kind, _any_of(checks_of_decimals), one_by_one)
    lows = [schema[name] for name in ("minimum", "exclusiveMinimum") if name in found]
    highs = [schema[name] for name in ("maximum", "exclusiveMaximum") if name in found]
    # Rounding keeps the order: a double that is truly beyond a bound was made of a number beyond it.
    checks: list[Check] = [lambda column: pc.less_equal(column, float(max(lows)))] if lows else []
    return _any_of([*checks, *([lambda column: pc.greater_equal(column, float(min(highs)))] if highs else [])])


def _decimal_checks(kind: pa.DataType, schema: Mapping[str, Any], found: Collection[str]) -> list[Check] | None:
    """Bounds that the type holds are compared exactly, those between two of its values as the nearer one; beyond the others there is no value, or all are."""
    checks: list[Check] = []
    least = 10 ** (kind.precision - kind.scale)  # that the type does not hold
    for name, beyond in BEYOND.items():
        if name not in found:
            continue
        bound = Decimal(str(schema[name]))
        if abs(bound) < least:
            bound = bound.quantize(Decimal(1).scaleb(-kind.scale), rounding=NEARER[name], context=EXACT)
        if bound >= least if name in ("maximum", "exclusiveMaximum") else bound <= -least:
            continue
        if abs(bound) >= least:
            return None
        checks.append(_compared(beyond, pa.scalar(bound, kind)))
    return checks


def _is_number(bound: Any) -> bool:
    return isinstance(bound, int | float | Decimal) and not isinstance(bound, bool) and Decimal(str(bound)).is_finite()


def _cast_first(kind: pa.DataType, check: Check, otherwise: Check) -> Check:
    """The check of values that stand as text until here; `otherwise` is for columns with one that the type does not hold."""

    def cast_and_check(column: pa.Array) -> pa.Array | None:
        try:
            held = pc.cast(column, kind)
        except pa.ArrowInvalid:
            return otherwise(column)
        return check(held)

    return cast_and_check


def _compared(compare: Callable[[pa.Array, pa.Scalar], pa.Array], bound: pa.Scalar) -> Check:
    return lambda column: compare(column, bound)


def _text_checks(schema: Mapping[str, Any]) -> list[Check] | None:
    checks: list[Check] = []
    shortest, longest, allowed = schema.get("minLength"), schema.get("maxLength"), schema.get("enum")
    if shortest is not None:
        checks.append(lambda column: pc.less(pc.utf8_length(column), int(shortest)))
    if longest is not None:
        checks.append(lambda column: pc.greater(pc.utf8_length(column), int(longest)))
    if allowed is not None:
        known = [one for one in allowed if one is not None]
        if not all(isinstance(one, str) and one.isascii() for one in known):
            return None
        checks.append(_outside(pa.array(known, pa.string())))
    return checks


def _outside(known: pa.Array) -> Check:
    return lambda column: pc.and_(pc.is_valid(column), pc.invert(pc.is_in(column, value_set=known)))


def _one_by_one(is_valid: Callable[[Any], bool], *, is_json: bool = False) -> Check:
    def check(column: pa.Array) -> pa.Array:
        values = (value if value is None or not is_json else record_of(value) for value in column.to_pylist())
        return pa.array([value is not None and not is_valid(value) for value in values], pa.bool_())

    return check


def _nested_check(schema: Any, unchecked: frozenset[str], is_valid: Callable[[Any], bool]) -> Check:
    """A typed read refuses faster than a validator does; only what it refuses is validated."""
    one_by_one = _one_by_one(is_valid, is_json=True)
    try:
        read = msgspec.json.Decoder(_typed(schema, unchecked)).decode_lines
    except (TypeError, ValueError):
        return one_by_one

    def check(column: pa.Array) -> pa.Array | None:
        present = column.drop_null()
        try:
            read("\n".join(present.to_pylist()))
        except ValueError:
            return one_by_one(column)
        return None

    return check


def _typed(schema: Any, unchecked: frozenset[str]) -> Any:
    """The msgspec type that takes only values of the schema. Raises TypeError if there is none."""
    if not isinstance(schema, dict):
        raise TypeError(schema)
    kinds, found = json_kinds(schema), restrictions(schema, unchecked)
    if kinds is None and not found:
        return msgspec.Raw
    if kinds is None or not (found <= {"properties", "required", "items", "additionalProperties"} or is_only_types(schema, unchecked)):
        raise TypeError(schema)
    return reduce(or_, (_typed_kind(kind, schema, unchecked) for kind in sorted(kinds)))


def _typed_kind(kind: str, schema: Mapping[str, Any], unchecked: frozenset[str]) -> Any:
    if kind == "array":
        return list[_typed(schema.get("items", {}), unchecked)]  # type: ignore[misc]  # a type made at run time
    if kind == "number":
        return int | float
    return _typed_object(schema, unchecked) if kind == "object" else SCALARS[kind]


def _typed_object(schema: Mapping[str, Any], unchecked: frozenset[str]) -> Any:
    properties, required, others = schema.get("properties", {}), schema.get("required", []), schema.get("additionalProperties", True)
    if not isinstance(others, bool) or not isinstance(required, list) or not set(required) <= properties.keys() or not can_probe(properties):
        raise TypeError(schema)
    names = [f"m{number}" for number in range(len(properties))]
    fields: list[Any] = []
    for name, (key, part) in zip(names, properties.items(), strict=True):
        kind = _typed(part, unchecked)
        fields.append((name, kind) if key in required else (name, kind | msgspec.UnsetType if kind is not msgspec.Raw else kind, msgspec.UNSET))
    renamed = dict(zip(names, properties, strict=True))
    return msgspec.defstruct("Nested", fields, gc=False, kw_only=True, rename=renamed, forbid_unknown_fields=not others)
