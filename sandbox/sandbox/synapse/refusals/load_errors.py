"""The refusals of COPY and of PolyBase: one function each, with its number and where the rule is written (see `errors`)."""

from __future__ import annotations

from sandbox.tds.session import SqlError

NOTHING_THERE = 13807


def copy_null(column: str) -> SqlError:
    """105211: seen by users of Azure Data Factory when a NULL meets a NOT NULL column."""
    text = f"COPY statement failed because non nullable column '{column}' cannot have the NULL value as its default."
    return SqlError(105211, text)


def copy_denied(location: str, status: int | str) -> SqlError:
    """105215: wrong or missing right on the location; number unconfirmed, wording from users' reports."""
    return SqlError(105215, f"Not able to validate external location {location} because The remote server returned an error: ({status}) Forbidden.")


def copy_nothing_there(location: str) -> SqlError:
    """13807: no such container, folder or file."""
    return SqlError(NOTHING_THERE, f"Content of directory on path '{location}' cannot be listed.")


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


def copy_credential(identity: str, why: str) -> SqlError:
    """A credential that does not go with the files [sql/t-sql/statements/copy-into-transact-sql, table of credentials]; number unconfirmed."""
    return SqlError(105208, f"COPY statement failed because the value provided for option CREDENTIAL ('{identity}') {why}.")


def copy_identity(column: str, why: str) -> SqlError:
    """IDENTITY_INSERT and the column list disagree [same page, "IDENTITY_INSERT"]; number unconfirmed."""
    return SqlError(105212, f"COPY statement failed because identity column '{column}' {why}.")


def copy_into_many_hash_columns() -> SqlError:
    """A table of several distribution columns is loaded by CTAS alone [create-table-azure-sql-data-warehouse, note]; number unconfirmed."""
    return SqlError(104474, "COPY does not load into a table with multi-column distribution. Use CREATE TABLE AS SELECT.")


def external_option(option: str, value: str) -> SqlError:
    """46525: a value that an option of an external object does not take [create-external-table-transact-sql]; number unconfirmed."""
    return SqlError(46525, f"External tables are not supported with the provided value '{value}' for option {option}.", severity=15)


def external_dml() -> SqlError:
    """46519: no INSERT, UPDATE, DELETE on an external table [create-external-table-transact-sql, "Limitations and restrictions"]."""
    return SqlError(46519, "DML Operations are not supported with external tables.")


def external_ddl(what: str) -> SqlError:
    """46518: of DDL an external table takes CREATE and DROP, also of statistics and views [same place]; number unconfirmed."""
    return SqlError(46518, f"The operation '{what}' is not supported with external tables.")


def no_external_object(kind: str, name: str) -> SqlError:
    """46530: a data source, file format or credential that is not there; number unconfirmed for the last."""
    return SqlError(46530, f"External {kind} '{name}' cannot be found.")


def external_object_exists(kind: str, name: str) -> SqlError:
    """46502: the name is taken; number unconfirmed."""
    return SqlError(46502, f"External {kind} with name '{name}' already exists.")


def external_object_used(kind: str, name: str, by: str) -> SqlError:
    """46522: tables go before their format and source, and these before the credential; number unconfirmed."""
    return SqlError(46522, f"Cannot drop external {kind} '{name}' because it is used by '{by}'.")


def no_master_key() -> SqlError:
    """15581: a credential is protected by the master key [sql/t-sql/statements/create-database-scoped-credential-transact-sql]."""
    text = "Please create a master key in the database or open the master key in the session before performing this operation."
    return SqlError(15581, text)


def master_key_exists() -> SqlError:
    """15578 [errors 15000 to 15999]."""
    return SqlError(15578, "There is already a master key in the database. Please drop it before performing this statement.")


def master_key_used() -> SqlError:
    """15580: the key protects a credential [errors 15000 to 15999]."""
    return SqlError(15580, "Cannot drop master key because a credential is encrypted by it.")


def external_no_path(path: str) -> SqlError:
    """105002, as users report it."""
    text = f"EXTERNAL TABLE access failed because the specified path name '{path}' does not exist. Enter a valid path and try again."
    return SqlError(105002, text)


def external_denied(why: str) -> SqlError:
    """105019, as users report it: the store refused, or is not there."""
    return SqlError(105019, f"External TABLE access failed due to internal error: 'Java exception raised on call to HdfsBridge_IsDirExist: {why}'")


def reject_threshold(*, most: str, rejected: int, processed: int, first: str) -> SqlError:
    """107090, as users report it: more rows rejected than the table allows, with the first reason."""
    text = f"Query aborted-- the maximum reject threshold ({most}) was reached while reading from an external source: {rejected} rows rejected out of"
    return SqlError(107090, f"107090;{text} total {processed} rows processed. {first}")
