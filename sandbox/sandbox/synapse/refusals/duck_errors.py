"""Words DuckDB's refusals as SQL Server would."""

from __future__ import annotations

import re

import duckdb

from sandbox.synapse.refusals.errors import NO_SUCH_THING, deadlock, no_column, no_object, not_bound, not_null
from sandbox.tds.session import CancelledError, SqlError

_GUARD = re.compile(r"~(\d+)~(.*?)~", re.DOTALL)
_CONVERSIONS = (
    ("out of range for the destination", 8115, "Arithmetic overflow error converting expression to data type."),
    ("value is out of range", 8115, "Arithmetic overflow error converting expression to data type numeric."),
    ("to DECIMAL", 8115, "Arithmetic overflow error converting expression to data type numeric."),
    ("Overflow", 8115, "Arithmetic overflow error converting expression to data type."),
    ("field", 241, "Conversion failed when converting date and/or time from character string."),
    ("UUID", 8169, "Conversion failed when converting from a character string to uniqueidentifier."),
)


def _missing(text: str) -> SqlError:
    quoted = re.search(r'(?:name|column|table) "?([^"\s!]+)"?', text)
    name = quoted.group(1) if quoted else "?"
    if "Referenced table" in text:
        return not_bound(name)
    if "Function" in text:
        return SqlError(195, f"'{name}' is not a recognized built-in function name.", severity=15)
    return no_column(name) if "column" in text.lower() else no_object(name)


def from_duckdb(error: duckdb.Error, verb: str = "INSERT") -> SqlError | CancelledError:  # noqa: C901, PLR0911  # a table of errors
    """Word DuckDB's refusal as SQL Server would."""
    text = str(error).splitlines()[0]
    if guard := _GUARD.search(str(error)):
        return SqlError(int(guard.group(1)), guard.group(2))
    if isinstance(error, duckdb.InterruptException):
        return CancelledError("The statement was cancelled")
    if isinstance(error, duckdb.TransactionException):
        return deadlock()
    if isinstance(error, duckdb.ConstraintException) and (found := re.search(r"NOT NULL constraint failed: (.+)\.(.+)$", text)):
        return not_null(found.group(2), found.group(1), verb)
    if isinstance(error, (duckdb.ConversionException, duckdb.OutOfRangeException)):
        for mark, number, words in _CONVERSIONS:
            if mark in text:
                return SqlError(number, words)
        return SqlError(8114, f"Error converting data type: {text}.")
    if isinstance(error, duckdb.InvalidInputException) and "hex" in text:
        return SqlError(8114, "Error converting data type nvarchar to varbinary.")
    if isinstance(error, (duckdb.CatalogException, duckdb.BinderException)) and ("does not exist" in text or "not found" in text):
        return _missing(text)
    if "onflict" in text and "transaction" in text.lower():
        return deadlock()
    return SqlError(102 if isinstance(error, duckdb.ParserException) else NO_SUCH_THING, text, severity=15)
