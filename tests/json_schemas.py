"""JSON Schemas and values of any kind, for hypothesis: what a validator is held against."""

from __future__ import annotations

import json
from decimal import Decimal

from hypothesis import strategies as st

KINDS = ("null", "boolean", "integer", "number", "string", "array", "object")
NAMES = ["a", "b", "", "a b", "a.b", "A", 'q"{x}', "back\\slash", "\U0001f600", "new\nline"]
TEXTS = ["", "a", "ab", "abc", "a\n", "é", "\U0001f600", "1", "$", "2024-01-02"]
# As they stand in a line: 0.1 is no double, 1.0 and 1 are one value, and true is not 1.
NUMBERS = [
    "0",
    "1",
    "2",
    "-1",
    "1.0",
    "0.1",
    "0.10",
    "0.5",
    "-0.0",
    "1e2",
    "1.5",
    "2.50",
    "9007199254740993",
    "0.30000000000000000001",
    "12345678901234567890.5",
]
PATTERNS = ["^a", "a$", "^$", "b", "^[a-c]+$", "[$]", r"\$", r"^\d+$", ".", r"^\S*$"]

names = st.sampled_from(NAMES)
numbers = st.sampled_from(NUMBERS).map(lambda text: json.loads(text, parse_float=Decimal))
sizes = st.integers(0, 3)
scalars = st.one_of(st.none(), st.booleans(), numbers, st.sampled_from(TEXTS))
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=5)


def _keywords(inner):
    """A keyword at a time, each with a value that it takes."""
    some = st.lists(inner, min_size=1, max_size=3)
    return {
        "type": st.sampled_from(KINDS) | st.lists(st.sampled_from(KINDS), min_size=1, max_size=3, unique=True),
        "enum": st.lists(values, min_size=1, max_size=3),
        "const": values,
        "minimum": numbers,
        "maximum": numbers,
        "exclusiveMinimum": numbers,
        "exclusiveMaximum": numbers,
        "multipleOf": st.sampled_from([1, 2, 5, Decimal("0.01"), Decimal("0.3"), Decimal("2.5")]),
        "minLength": sizes,
        "maxLength": sizes,
        "pattern": st.sampled_from(PATTERNS),
        "format": st.sampled_from(["date-time", "date", "email", "odd"]),
        "minItems": sizes,
        "maxItems": sizes,
        "uniqueItems": st.booleans(),
        "items": inner,
        "prefixItems": some,
        "contains": inner,
        "minContains": sizes,
        "maxContains": sizes,
        "minProperties": sizes,
        "maxProperties": sizes,
        "required": st.lists(names, max_size=2, unique=True),
        "properties": st.dictionaries(names, inner, max_size=3),
        "patternProperties": st.dictionaries(st.sampled_from(PATTERNS), inner, max_size=2),
        "additionalProperties": inner | st.booleans(),
        "propertyNames": inner,
        "dependentRequired": st.dictionaries(names, st.lists(names, max_size=2, unique=True), max_size=2),
        "dependentSchemas": st.dictionaries(names, inner, max_size=2),
        "unevaluatedProperties": inner | st.booleans(),
        "unevaluatedItems": inner | st.booleans(),
        "allOf": some,
        "anyOf": some,
        "oneOf": some,
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
        "default": values,
        "title": st.sampled_from(TEXTS),
    }


KEYWORDS = tuple(_keywords(st.just({})))


@st.composite
def _schema(draw, inner):
    made = _keywords(inner)
    chosen = draw(st.lists(st.sampled_from(KEYWORDS), max_size=3, unique=True))
    return {name: draw(made[name]) for name in chosen}


schemas = st.recursive(st.just({}) | _schema(st.just({})), _schema, max_leaves=6)


@st.composite
def streams(draw):
    """The schema of a stream, with rules for its properties and sometimes for more, and records that it may take."""
    some = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    schema = {
        "type": "object",
        "properties": {name: draw(_schema(schemas) | _rules_of_a_type()) for name in some},
        **draw(st.just({}) | _schema(schemas)),
    }
    schema["properties"] = schema["properties"] or {name: {} for name in some}
    records = st.dictionaries(st.sampled_from([*some, *some, "other"]), values | numbers | st.sampled_from(TEXTS), max_size=4)
    return schema, draw(st.lists(records, min_size=1, max_size=8))


@st.composite
def _rules_of_a_type(draw):
    """What a tap says of a column: its type, null perhaps, and a rule or two that concern it."""
    kind = draw(st.sampled_from(["integer", "number", "string", "boolean"]))
    own = {
        "integer": ("minimum", "maximum", "enum"),
        "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "enum", "const"),
        "string": ("minLength", "maxLength", "pattern", "format", "enum"),
        "boolean": ("const",),
    }[kind]
    made = _keywords(st.just({}))
    rules = {name: draw(made[name]) for name in draw(st.lists(st.sampled_from(own), max_size=2, unique=True))}
    if kind in ("integer", "number"):
        rules |= draw(
            st.sampled_from(
                [
                    {},
                    {},
                    {"multipleOf": Decimal("0.01")},
                    {"multipleOf": 2},
                    {"multipleOf": Decimal("0.3")},
                    {"x-sql-datatype": "decimal(12,2)"},
                    {"x-sql-datatype": "double"},
                ]
            )
        )
    return {"type": draw(st.sampled_from([kind, ["null", kind]])), **rules}
