"""Whether a file's columns go into a table by COPY INTO and an INSERT with the very values that reading the file would give.

What the types of the file alone do not prove is left to the pool: of a text, a condition under which its values may go (`sound`). It is asked of all rows once they are
in the staging table, before anything is in the stream's own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from singer_commons.columnar.checks import is_only_types, json_kinds, says_places

from target_synapse.files.why import NotCopiedError
from target_synapse.rows.types import INTEGERS, TEXT_MAX, SqlType, wide_enough
from target_synapse.rows.values import ESCAPE_CODE
from target_synapse.sql.quoting import quoted
from target_synapse.tables.naming import STAGED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from singer_commons.columnar.checks import SchemaRules

    from target_synapse.files.footer import Field, Footer
    from target_synapse.sql.ddl import Column
    from target_synapse.tables.ensure import LoadPlan

NUMBERS = frozenset(("integer", "number"))
EPOCH = date(1970, 1, 1).toordinal()
# Older days are others in the Julian calendar, which Java's dates keep (https://docs.oracle.com/javase/8/docs/api/java/util/GregorianCalendar.html), and the pool's
# reader of Parquet is Java's: whether it takes them for such is not documented.
FIRST_DAY, LAST_DAY = date(1582, 10, 15).toordinal() - EPOCH, date(9999, 12, 31).toordinal() - EPOCH
DAY_MS = 86_400_000
MICROSECONDS = 6  # digits of a moment or time in text
SOME_DAY = "N'2000-01-01T'"
TEXT_AS = ("datetime2", "datetimeoffset", "time", "date", "uniqueidentifier")  # types of columns that text goes into, where it has one form alone


@dataclass(frozen=True, slots=True)
class Carried:
    """A column of the table and the field of the file that goes there; `sound` is the condition for its staged values, empty if all may go."""

    column: Column
    field: Field
    sound: str = ""


def fitted(footer: Footer, plan: LoadPlan, names: Sequence[str], schema: Mapping[str, Any], rules: SchemaRules) -> list[Carried]:
    """How the properties of these names go into their columns. Raises NotCopiedError for a file in which one would not, or not surely."""
    if rules.needs_rows:
        raise NotCopiedError("its JSON Schema is about whole records, which are looked at one by one")
    fields = {one.name: one for one in footer.fields}
    if rules.is_closed and (more := sorted(fields.keys() - schema.keys())):
        raise NotCopiedError(f"its SCHEMA allows no column `{more[0]}`")
    if missing := sorted(name for name in rules.required if name not in fields):
        raise NotCopiedError(f"it has no column `{missing[0]}`, which must be there")
    found = [_carried(fields[name], plan.columns[name], schema[name]) for name in names if name in fields]
    if not found:
        raise NotCopiedError("it has no column of its table")
    for name in (name for name in schema if name in fields):
        _check_rules(fields[name], name, footer.rows, rules, is_key=name in plan.keys)
    return found


def _carried(field: Field, column: Column, schema: object) -> Carried:
    kind = field.kind
    if kind is None:
        raise NotCopiedError(f"COPY INTO does not surely take its column `{field.name}`, which is {field.told}")
    if not isinstance(schema, dict) or not _is_of(json_kinds(schema), kind):
        raise NotCopiedError(f"its column `{field.name}` is {field.told}, and its SCHEMA says something else")
    if kind == TEXT_MAX:
        return Carried(replace(column, staged=kind), field, _sound_text(field, column))
    if not wide_enough(column.type, kind):
        raise NotCopiedError(f"its column `{field.name}` is {field.told}, and the table's {column.type}")
    if kind.name in ("date", "datetime2") and field.values != 0:
        unit = 1 if kind.name == "date" else DAY_MS
        if field.least is None or field.greatest is None or field.least < FIRST_DAY * unit or field.greatest >= (LAST_DAY + 1) * unit:
            raise NotCopiedError(f"its column `{field.name}` may hold days before 1582-10-15 or after 9999-12-31")
    return Carried(replace(column, staged=kind), field)


def _is_of(kinds: frozenset[str] | None, kind: SqlType) -> bool:
    """Whether values of a type are of the JSON types that a property may have, and of no others."""
    named = (kinds or frozenset()) - {"null"}
    if kind.name == "bit":
        return named == {"boolean"}
    if kind == TEXT_MAX or kind.name in ("date", "datetime2"):
        return named == {"string"}
    is_whole = kind.name in INTEGERS or (kind.name == "decimal" and not kind.scale)
    return "number" in named <= NUMBERS or (named == {"integer"} and is_whole)


def _sound_text(field: Field, column: Column) -> str:
    """The condition under which a staged text is what reading it would load."""
    name, kind = f"{STAGED}.{quoted(column.name)}", column.type
    if kind.name == "nvarchar":
        fits = "" if kind.length is None else f"DATALENGTH({name}) <= {2 * kind.length} AND "
        return f"{fits}(UNICODE({name}) IS NULL OR UNICODE({name}) <> {ESCAPE_CODE})"  # which the INSERT would take for an escape
    if kind.name not in TEXT_AS or (kind.name in ("datetime2", "datetimeoffset", "time") and kind.scale < MICROSECONDS):
        raise NotCopiedError(f"its column `{field.name}` is text, and the table's {kind}")
    return _one_form(name, kind)


def _one_form(name: str, kind: SqlType) -> str:
    """Whether a text is just what the pool writes of the value that it makes of it: so there is nothing that could be read in two ways."""
    if kind.name == "date":
        return _comes_back(name, f"CONVERT(nvarchar(40), TRY_CAST({name} AS date), 23)", 10)
    if kind.name == "time":
        return _comes_back(f"{SOME_DAY} + {name}", _moment(f"{SOME_DAY} + {name}"), 15, of=name)
    if kind.name == "uniqueidentifier":
        return _comes_back(f"UPPER({name})", f"UPPER(CONVERT(nvarchar(40), TRY_CAST({name} AS uniqueidentifier)))", 36, of=name)
    digits = _moment(f"LEFT({name}, 26)")
    return " OR ".join("(" + _comes_back(name, f"{digits} + N'{zone}'", 26 + len(zone)) + ")" for zone in ("Z", "+00:00"))


def _moment(text: str) -> str:
    """What the pool writes of the moment that it reads in a text."""
    return f"REPLACE(CONVERT(nvarchar(40), TRY_CAST({text} AS datetime2({MICROSECONDS})), 121), N' ', N'T')"


def _comes_back(text: str, written: str, chars: int, *, of: str = "") -> str:
    return f"DATALENGTH({of or text}) = {2 * chars} AND {text} = {written}"  # a comparison passes over blanks at the end


def _check_rules(field: Field, name: str, rows: int, rules: SchemaRules, *, is_key: bool) -> None:
    if field.values is None:
        raise NotCopiedError(f"its footer does not say how many values of `{field.name}` are null")
    if field.values < rows and (is_key or (rules.is_validating and not rules.is_nullable(name))):
        raise NotCopiedError(f"its column `{field.name}` has nulls, which must not be there")
    if rules.is_validating and not (_has_places(field, rules.properties[name]) and (not rules.restricts(name) or _is_within(field, rules, name))):
        raise NotCopiedError(f"the SCHEMA restricts the values of `{field.name}`, and records are validated: `validate_records`")


def _has_places(field: Field, schema: Any) -> bool:
    """Whether numbers have no more decimal places than `multipleOf` allows, by the file's type: what `SchemaRules` leaves to the columns."""
    if not says_places(schema):
        return True  # of any other `multipleOf` the rules say that it restricts
    return (
        field.kind is not None
        and field.kind.name in (*INTEGERS, "decimal")
        and Decimal(1).scaleb(-field.kind.scale) >= Decimal(str(schema["multipleOf"]))
    )


def _is_within(field: Field, rules: SchemaRules, name: str) -> bool:
    """Whether a property's schema asks for no more than bounds of whole numbers, as taps of databases tell them, and the footer shows that all values keep them."""
    schema = rules.checked[name]
    if field.kind is None or field.kind.name not in INTEGERS or not isinstance(schema, dict):
        return False
    low, high = schema.get("minimum"), schema.get("maximum")
    if not is_only_types({name: value for name, value in schema.items() if name not in ("minimum", "maximum")}, rules.unchecked):
        return False
    if not field.values:
        return True
    return field.least is not None and field.greatest is not None and (low is None or field.least >= low) and (high is None or field.greatest <= high)
