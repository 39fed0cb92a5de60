"""The refusals of a dedicated pool: one function each, with its number and where the rule is written.

A source in brackets is a page below learn.microsoft.com. `unconfirmed` marks a number that no page or report shows for a
dedicated pool: it is SQL Server's number for the same refusal.
"""

from __future__ import annotations

from sandbox.tds.session import SqlError

NOT_NULL = 515
NOT_BOUND = 4104
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
    """1205: transactions wait for each other in a circle [sql/relational-databases/errors-events/mssqlserver-1205-database-engine-error].

    Also said where DuckDB finds that rows changed under a transaction that a pool would have let go on.
    """
    text = "Transaction was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction."
    return SqlError(1205, text, severity=13)


def lock_timeout() -> SqlError:
    """1222: SET LOCK_TIMEOUT is over [sql/t-sql/statements/set-lock-timeout-transact-sql]."""
    return SqlError(1222, "Lock request time out period exceeded.")


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


def not_bound(name: str) -> SqlError:
    """4104: a table or alias that the FROM clause does not have [errors 4000 to 4999]."""
    return SqlError(NOT_BOUND, f'The multi-part identifier "{name}" could not be bound.')


def no_column(name: str) -> SqlError:
    """207 [errors 0 to 999]."""
    return SqlError(207, f"Invalid column name '{name}'.")


def unsupported(what: str) -> SqlError:
    """104473: a feature that the pool does not have [sql-data-warehouse-tables-overview, "Unsupported table features"]; number unconfirmed."""
    return SqlError(104473, f"{what} is not supported in this version of Azure Synapse Analytics.")


def first_in_batch(what: str) -> SqlError:
    """111: a schema, view or procedure is made by the first statement of a batch [errors 0 to 999]."""
    return SqlError(111, f"'{what}' must be the first statement in a query batch.", severity=15)


def not_of_kind(name: str, wanted: str) -> SqlError:
    """3705: DROP of the wrong kind [errors 3000 to 3999]."""
    return SqlError(3705, f"Cannot use DROP with '{name}' because it is no {wanted}. Use the DROP of its kind.")


def view_is_broken(name: str) -> SqlError:
    """4413: what a view reads was renamed or dropped; views are not updated [rename-transact-sql, "Limitations"]."""
    return SqlError(4413, f"Could not use view or function '{name}' because of binding errors.")


def nesting_too_deep() -> SqlError:
    """217, with a pool's limit [sql-data-warehouse-develop-stored-procedures, "Nesting stored procedures"]."""
    return SqlError(217, "Maximum stored procedure, function, trigger, or view nesting level exceeded (limit 8).")


def procedure_argument(procedure: str, parameter: str) -> SqlError:
    """201: an argument is missing; a pool has no defaults [errors 0 to 999]."""
    return SqlError(201, f"Procedure or function '{procedure}' expects parameter '{parameter}', which was not supplied.")


def procedure_arguments(procedure: str) -> SqlError:
    """8144: more arguments than parameters, or one of an unknown name [errors 8000 to 8999]."""
    return SqlError(8144, f"Procedure or function {procedure} has too many arguments specified.")


def no_procedure(name: str) -> SqlError:
    """2812 [errors 2000 to 2999]."""
    return SqlError(2812, f"Could not find stored procedure '{name}'.")


def merge_actions(what: str) -> SqlError:
    """10711 and 10714: too many clauses of a kind, or two alike [merge-transact-sql, "WHEN MATCHED"]."""
    return SqlError(10714, f"An action of type '{what}' cannot appear more than once in this clause of a MERGE statement.", severity=15)


def merge_unreachable(clause: str) -> SqlError:
    """5324: a clause behind one that takes every row [merge-transact-sql, "WHEN MATCHED"]."""
    text = f"In a MERGE statement, a '{clause}' clause with a search condition cannot appear after a '{clause}' clause with no search condition."
    return SqlError(5324, text, severity=15)


def merge_into_identity() -> SqlError:
    """WHEN NOT MATCHED INSERT is not for tables with an IDENTITY column [same page, Synapse considerations]; number unconfirmed."""
    return SqlError(100088, "MERGE statement with WHEN NOT MATCHED INSERT is not supported for a table with an IDENTITY column.")


def no_implicit(source: str, target: str) -> SqlError:
    """257: T-SQL does not convert the one into the other by itself [errors 0 to 999]."""
    text = f"Implicit conversion from data type {source} to {target} is not allowed. Use the CONVERT function to run this query."
    return SqlError(257, text)


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


def not_null(column: str, table: str, verb: str) -> SqlError:
    """515 [errors 0 to 999]."""
    text = f"Cannot insert the value NULL into column '{column}', table '{table}'; column does not allow nulls. {verb} fails."
    return SqlError(NOT_NULL, text)
