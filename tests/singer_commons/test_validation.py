"""Which records fit their JSON Schema: the SDK's validator is the judge, over compiled code and over columns."""

from __future__ import annotations

import operator
from decimal import Decimal

import pytest
from columnar_reading import both, encoded, record_line, schema_line
from hypothesis import HealthCheck, given, settings
from json_schemas import streams
from singer_commons.columnar import decoder
from singer_commons.columnar.checks import UNCHECKED
from singer_commons.validation import CompiledValidator, NotAsDeclaredError, checked_part, validator
from singer_sdk.exceptions import InvalidJSONSchema, InvalidRecord
from singer_sdk.sinks.core import JSONSchemaValidator

SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]


def is_taken(judge, record):
    try:
        judge.validate(record)
    except InvalidRecord:
        return False
    return True


def judge_of(schema):
    return JSONSchemaValidator(checked_part(schema, UNCHECKED))


@settings(max_examples=30, deadline=None, suppress_health_check=SLOW_IS_FINE)
@given(streams())
def test_the_verdict_is_the_sdks_over_any_schema(made):
    schema, records = made
    ours, theirs = validator(schema), judge_of(schema)
    assert [is_taken(ours, record) for record in records] == [is_taken(theirs, record) for record in records]


@settings(max_examples=30, deadline=None, suppress_health_check=SLOW_IS_FINE)
@given(streams())
def test_columns_refuse_the_records_that_the_sdks_validator_refuses(monkeypatch, made):
    monkeypatch.setattr(decoder, "FEWEST_ROWS", 1)
    schema, records = made
    rest = {name: value for name, value in schema.items() if name != "properties"}
    lines = schema_line(schema["properties"], **rest) + b"".join(map(record_line, map(encoded, records)))
    refused = [repr(record) for record in records if not is_taken(judge_of(schema), record)]
    assert sorted(map(operator.itemgetter(2), both(lines).rejects)) == sorted(refused)


@pytest.mark.parametrize(
    ("rules", "taken", "refused"),
    [
        ({"minimum": Decimal("0.1")}, ["0.1", "0.10", "1"], ["0.05", "0.0999999999999999999999"]),
        ({"exclusiveMaximum": Decimal("0.3")}, ["0.29", "0.2999999999999999999999"], ["0.3", "0.30"]),
        ({"enum": [1, Decimal("2.5")]}, ["1", "1.0", "2.5", "2.50"], ["true", "2", '"1"']),
        ({"const": Decimal("1.0")}, ["1", "1.0"], ["true"]),
        ({"multipleOf": 5}, ["10", "10.0", "-5"], ["7", "0.5"]),
        ({"type": "array", "items": {"multipleOf": Decimal("0.1")}}, ["[0.3, 1, 12345678901234567890123456789012345.6]"], ["[0.35]", "[0.30000000000000001]"]),
        ({"pattern": "[$]"}, ['"a$"', "1"], ['"a"']),
        ({"pattern": "a$"}, ['"a"', r'"a\n"'], ['"ab"']),
        ({"prefixItems": [{"type": "integer"}]}, ["[1, null]", "[]"], ['["a"]']),
        ({"dependentRequired": {"a": ["b"]}}, ['{"b": 1}', "{}"], ['{"a": 1}']),
        ({"properties": {"a{b}": {"type": "integer"}}}, ['{"a{b}": 1}'], ['{"a{b}": "x"}']),
        ({"properties": {"format": {"type": "integer"}, "pattern": {"maximum": 1}}}, ['{"format": 1}'], ['{"format": "x"}', '{"pattern": 2}']),
    ],
    ids=str,
)  # fmt: skip
def test_a_rule_holds_for_a_property(monkeypatch, rules, taken, refused):
    monkeypatch.setattr(decoder, "FEWEST_ROWS", 1)
    arrived = both(schema_line({"v": rules}) + b"".join(record_line(f'{{"v": {text}}}') for text in (*taken, *refused)))
    assert (len(arrived.rows), len(arrived.rejects)) == (len(taken), len(refused))
    assert {field.split(".")[0] for _, field, _ in arrived.rejects if field} <= {"v"}


@pytest.mark.parametrize("kind", ["decimal(12,2)", "double"])
def test_bounds_with_a_point_are_compared_in_columns(kind):
    """Of a double the one at its bound goes alone: the number that it was made of may lie beyond."""
    rules = {"type": ["null", "number"], "x-sql-datatype": kind, "minimum": Decimal("-90.5"), "exclusiveMaximum": Decimal("90.125")}
    texts = ["-90.5", "-90.51", "0", "null", "90.12", "90.13"]
    lines = b"".join(record_line(f'{{"v": {text}}}') * 100 for text in texts)
    arrived = both(schema_line({"v": rules}) + lines)
    assert {record for _, _, record in arrived.rejects} == {"{'v': Decimal('-90.51')}", "{'v': Decimal('90.13')}"}
    assert (len(arrived.rows), arrived.single) == (400, 200 if kind != "double" else 300)


def test_a_reason_shows_the_number_as_it_was_written():
    with pytest.raises(NotAsDeclaredError) as refused:
        validator({"properties": {"v": {"minimum": Decimal("0.10")}}}).validate({"v": Decimal("0.05")})
    assert (refused.value.error_message, refused.value.field) == ("v must be bigger than or equal to 0.10", "v")


def test_what_is_not_compiled_names_its_field_too():
    judge = validator({"properties": {"v": {"prefixItems": [{"type": "integer"}]}}})
    assert not isinstance(judge, CompiledValidator)
    with pytest.raises(NotAsDeclaredError) as refused:
        judge.validate({"v": ["x"]})
    assert (refused.value.error_message, refused.value.field) == ("'x' is not of type 'integer'", "v.0")


def test_a_schema_that_is_none_is_refused_as_in_the_sdk():
    with pytest.raises(InvalidJSONSchema, match="Schema Validation Error"):
        validator({"properties": {"v": {"minimum": "x"}}})
