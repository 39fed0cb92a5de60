"""The refusals of a dedicated pool: one function each, with its number and where the rule is written.

A source in brackets is a page below learn.microsoft.com. `unconfirmed` marks a number that no page or report shows for a
dedicated pool: it is SQL Server's number for the same refusal.
"""

from __future__ import annotations

import re

import duckdb

from sandbox.tds.session import CancelledError, SqlError

NOT_NULL = 515
NO_SUCH_THING = 50000  # not a pool's number: the stand-in's own "I do not know this statement"


def parse_error(sql: str, place: int, near: str) -> SqlError:
    """103010, with line and column as the pool's parser words it."""
    line, column = sql.count("\n", 0, place) + 1, place - (sql.rfind("\n", 0, place) + 1) + 1
    return SqlError(103010, f"Parse error at line: {line}, column: {column}: Incorrect syntax near '{near}'.", line=line)


def unknown_here(what: str) -> SqlError:
    """Say honestly that the stand-in, not the pool, cannot do this."""
    return SqlError(NO_SUCH_THING, f"The Synapse stand-in does not implement {what}; a real pool may.")


def login_failed(user: str) -> SqlError:
    """18456 [sql/relational-databases/errors-events/mssqlserver-18456-database-engine-error]."""
    return SqlError(18456, f"Login failed for user '{user}'.", severity=14)


def no_database(name: str) -> SqlError:
    """4060 [sql/relational-databases/errors-events/mssqlserver-4060-database-engine-error]."""
    return SqlError(4060, f'Cannot open database "{name}" requested by the login. The login failed.', severity=11)


def in_transaction() -> SqlError:
    """111212: neither DDL nor TRUNCATE in a transaction [azure/synapse-analytics/sql-data-warehouse/sql-data-warehouse-develop-transactions]."""
    return SqlError(111212, "111212;Operation cannot be performed within a transaction.")


def aborted() -> SqlError:
    """111233: after any error only ROLLBACK is taken [same page, "Transaction state"]."""
    return SqlError(
        111233,
        "111233;The current transaction has aborted, and any pending changes have been rolled back. Cause: A transaction in a "
        "rollback-only state was not explicitly rolled back before a DDL, DML or SELECT statement.",
    )


def no_transaction() -> SqlError:
    """111214: COMMIT or ROLLBACK with nothing begun; number unconfirmed."""
    return SqlError(111214, "111214;An attempt to complete a transaction has failed. No corresponding transaction found.")


def nested_transaction() -> SqlError:
    """Transactions cannot be nested [develop-transactions, "Limitations"]; number unconfirmed."""
    return SqlError(111211, "111211;A transaction is already in progress: nested transactions are not supported.")


def deadlock() -> SqlError:
    """1205: two transactions changed the same rows [sql/relational-databases/errors-events/mssqlserver-1205-database-engine-error].

    A pool would let the second wait for the lock; the stand-in says at once what a client must be ready for anyway.
    """
    text = "Transaction was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction."
    return SqlError(1205, text, severity=13)


def no_object(name: str) -> SqlError:
    """208 [sql/relational-databases/errors-events/mssqlserver-208-database-engine-error]."""
    return SqlError(208, f"Invalid object name '{name}'.")


def no_such_to_drop(name: str, kind: str = "table") -> SqlError:
    """3701: DROP of what is not there [sql/relational-databases/errors-events/database-engine-events-and-errors-3000-to-3999]."""
    return SqlError(3701, f"Cannot drop the {kind} '{name}', because it does not exist or you do not have permission.", severity=11)


def object_exists(name: str) -> SqlError:
    """2714 [errors 2000 to 2999]."""
    return SqlError(2714, f"There is already an object named '{name}' in the database.")


def no_schema(name: str) -> SqlError:
    """2760 [errors 2000 to 2999]."""
    return SqlError(2760, f'The specified schema name "{name}" either does not exist or you do not have permission to use it.')


def no_column(name: str) -> SqlError:
    """207 [errors 0 to 999]."""
    return SqlError(207, f"Invalid column name '{name}'.")


def no_alter_column(column: str, table: str) -> SqlError:
    """4924: ALTER of a column that is not there [errors 4000 to 4999]."""
    return SqlError(4924, f"ALTER TABLE failed because column '{column}' does not exist in table '{table}'.")


def duplicate_column(column: str, table: str) -> SqlError:
    """2705: names that differ only in case collide under the default collation [errors 2000 to 2999]."""
    return SqlError(2705, f"Column names in each table must be unique. Column name '{column}' in table '{table}' is specified more than once.")


def too_many_columns(table: str, count: int) -> SqlError:
    """1702: 1,024 columns a table [azure/synapse-analytics/sql-data-warehouse/sql-data-warehouse-service-capacity-limits]."""
    return SqlError(1702, f"CREATE TABLE failed because column '{count}' in table '{table}' exceeds the maximum of 1024 columns.")


def name_too_long(name: str) -> SqlError:
    """103: names hold 128 characters [same page]."""
    return SqlError(103, f"The identifier that starts with '{name[:128]}' is too long. Maximum length is 128.", severity=15)


def unknown_type(column: str, name: str) -> SqlError:
    """2715: a type that a pool does not have [azure/synapse-analytics/sql-data-warehouse/sql-data-warehouse-tables-data-types]; number unconfirmed."""
    return SqlError(2715, f"Column, parameter, or variable '{column}': Cannot find data type {name}.")


def too_long_type(column: str, size: int, most: int) -> SqlError:
    """131: nvarchar(n) to 4000, varchar(n) and varbinary(n) to 8000 [same page]."""
    text = f"The size ({size}) given to the column '{column}' exceeds the maximum allowed for any data type ({most})."
    return SqlError(131, text, severity=15)


def precision_too_large(column: str, precision: int) -> SqlError:
    """2750: decimal holds 38 digits [errors 2000 to 2999]."""
    return SqlError(2750, f"Column or parameter '{column}': Specified column precision {precision} is greater than the maximum precision of 38.")


def bad_scale(column: str, scale: int) -> SqlError:
    """192 and 1002 in one wording: a scale beyond the precision, or beyond 7 digits of a second [errors 0 to 1999]."""
    return SqlError(1002, f"Line 1: Specified scale {scale} is invalid for column '{column}'.", severity=15)


def max_in_columnstore(column: str) -> SqlError:
    """35343: (max) types do not fit a columnstore [sql/t-sql/statements/create-table-azure-sql-data-warehouse]; number unconfirmed."""
    text = f"The statement failed. Column '{column}' has a data type that cannot participate in a columnstore index."
    return SqlError(35343, text)


def enforced_key() -> SqlError:
    """104467: keys only NOT ENFORCED [azure/synapse-analytics/sql-data-warehouse/sql-data-warehouse-table-constraints]."""
    text = (
        "Enforced unique constraints are not supported. To create an unenforced unique constraint you must include the NOT ENFORCED "
        "syntax as part of your statement."
    )
    return SqlError(104467, text)


def unsupported(what: str) -> SqlError:
    """104473: a feature that the pool does not have [sql-data-warehouse-tables-overview, "Unsupported table features"]; number unconfirmed."""
    return SqlError(104473, f"{what} is not supported in this version of Azure Synapse Analytics.")


def distribution_column(column: str) -> SqlError:
    """The distribution column cannot be altered or dropped: CTAS and RENAME [sql-data-warehouse-tables-distribute]; number unconfirmed."""
    return SqlError(4922, f"ALTER TABLE failed because one or more objects access this column: '{column}' is the distribution column.")


def bad_distribution_column(column: str) -> SqlError:
    """HASH of a column that the table does not have; number unconfirmed."""
    return SqlError(104320, f"The specified distribution column '{column}' does not exist in the table.")


def has_statistics(column: str, statistics: str) -> SqlError:
    """4922: user-made statistics must be dropped first [sql/t-sql/statements/alter-table-transact-sql]."""
    text = f"ALTER TABLE ALTER COLUMN {column} failed because one or more objects access this column: the statistics '{statistics}'."
    return SqlError(4922, text)


def merge_needs_hash() -> SqlError:
    """NOT MATCHED BY TARGET needs a HASH target [sql/t-sql/statements/merge-transact-sql]; number unconfirmed."""
    text = "MERGE statement with the NOT MATCHED BY TARGET clause is only supported on a hash distributed target table."
    return SqlError(100087, text)


def merge_semicolon() -> SqlError:
    """10713 [same page]."""
    return SqlError(10713, "A MERGE statement must be terminated by a semi-colon (;).", severity=15)


def merge_twice() -> SqlError:
    """8672: two source rows for one target row [same page]."""
    text = "The MERGE statement attempted to UPDATE or DELETE the same row more than once. This happens when a target row matches more than one source row."
    return SqlError(8672, text)


def insert_count(*, fewer: bool) -> SqlError:
    """120 and 121: the SELECT and the column list differ in length [errors 0 to 999]."""
    word, number = ("fewer", 120) if fewer else ("more", 121)
    text = f"The select list for the INSERT statement contains {word} items than the insert list. The number of SELECT values must match the number of INSERT columns."
    return SqlError(number, text, severity=15)


def copy_null(column: str) -> SqlError:
    """105211: seen by users of Azure Data Factory when a NULL meets a NOT NULL column."""
    text = f"COPY statement failed because non nullable column '{column}' cannot have the NULL value as its default."
    return SqlError(105211, text)


def copy_denied(location: str, status: int | str) -> SqlError:
    """105215: wrong or missing right on the location; number unconfirmed, wording from users' reports."""
    return SqlError(105215, f"Not able to validate external location {location} because The remote server returned an error: ({status}) Forbidden.")


def copy_nothing_there(location: str) -> SqlError:
    """13807: no such container, folder or file."""
    return SqlError(13807, f"Content of directory on path '{location}' cannot be listed.")


def copy_option(option: str, why: str) -> SqlError:
    """A value that COPY does not take [sql/t-sql/statements/copy-into-transact-sql]; number unconfirmed."""
    return SqlError(105208, f"COPY statement failed because the value provided for option {option} {why}.")


def copy_conversion(*, row: int, column: int, name: str, file: str, truncation: bool = False) -> SqlError:
    """4863 (too long) and 4864 (not of the type): the bulk loader's words; rows count from the file's first."""
    number, kind = (4863, "truncation") if truncation else (4864, "type mismatch or invalid character for the specified codepage")
    return SqlError(number, f"Bulk load data conversion error ({kind}) for row {row}, column {column} ({name}) in data file {file}.")


def copy_ragged(*, row: int, expected: int, found: int, file: str) -> SqlError:
    """4832: a line with too few or too many fields [errors 4000 to 4999]; the number for COPY is unconfirmed."""
    return SqlError(4832, f"Bulk load: row {row} in data file {file} has {found} fields where {expected} are expected.")


def copy_unreadable(file: str, why: str) -> SqlError:
    """106000: the reader below COPY fell over (Parquet types, broken gzip), as users report it."""
    return SqlError(106000, f"106000;HdfsBridge::recordReaderFillBuffer - Unexpected error encountered filling record reader buffer: {why} ({file})")


def not_null(column: str, table: str, verb: str) -> SqlError:
    """515 [errors 0 to 999]."""
    text = f"Cannot insert the value NULL into column '{column}', table '{table}'; column does not allow nulls. {verb} fails."
    return SqlError(NOT_NULL, text)


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
    quoted = re.search(r'(?:name|column) "?([^"\s!]+)"?', text)
    name = quoted.group(1) if quoted else "?"
    if "Function" in text:
        return SqlError(195, f"'{name}' is not a recognized built-in function name.", severity=15)
    return no_column(name) if "column" in text.lower() else no_object(name)


def from_duckdb(error: duckdb.Error, verb: str = "INSERT") -> SqlError | CancelledError:  # noqa: PLR0911  # a table of errors
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
    if isinstance(error, (duckdb.CatalogException, duckdb.BinderException)) and ("does not exist" in text or "not found" in text):
        return _missing(text)
    if "onflict" in text and "transaction" in text.lower():
        return deadlock()
    return SqlError(102 if isinstance(error, duckdb.ParserException) else NO_SUCH_THING, text, severity=15)
