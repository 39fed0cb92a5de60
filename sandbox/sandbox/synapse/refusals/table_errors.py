"""The refusals about tables and their columns: one function each, with its number and where the rule is written (see `errors`)."""

from __future__ import annotations

from sandbox.tds.session import SqlError


def no_alter_column(column: str, table: str) -> SqlError:
    """4924: ALTER of a column that is not there [errors 4000 to 4999]."""
    return SqlError(4924, f"ALTER TABLE failed because column '{column}' does not exist in table '{table}'.")


def duplicate_column(column: str, table: str) -> SqlError:
    """2705: names that differ only in case collide under the default collation [errors 2000 to 2999]."""
    return SqlError(2705, f"Column names in each table must be unique. Column name '{column}' in table '{table}' is specified more than once.")


def too_many_columns(table: str, count: int) -> SqlError:
    """1702: 1,024 columns a table [azure/synapse-analytics/sql-data-warehouse/sql-data-warehouse-service-capacity-limits]."""
    return SqlError(1702, f"CREATE TABLE failed because column '{count}' in table '{table}' exceeds the maximum of 1024 columns.")


def row_too_wide(table: str, size_bytes: int, most: int) -> SqlError:
    """1701: the parts of fixed size alone are too long [errors 0 to 1999; the limit: sql-data-warehouse-service-capacity-limits, "Bytes per row, defined size"].

    Columns of variable size may leave the row, so they do not count. That a pool counts like SQL Server without compression is unconfirmed.
    """
    text = f"Creating or altering table '{table}' failed because the minimum row size would be {size_bytes}, including 7 bytes of internal overhead. "
    return SqlError(1701, text + f"This exceeds the maximum allowable table row size of {most} bytes.")


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


def no_collation(name: str) -> SqlError:
    """448 [errors 0 to 999]."""
    return SqlError(448, f"Invalid collation '{name}'.")


def collation_conflict(one: str, other: str) -> SqlError:
    """468 [errors 0 to 999]."""
    return SqlError(468, f'Cannot resolve the collation conflict between "{one}" and "{other}" in the equal to operation.')


def option_twice(name: str) -> SqlError:
    """A table option that is given twice; number unconfirmed."""
    return SqlError(153, f"Invalid usage of the option {name} in the CREATE TABLE statement.", severity=15)


def bad_boundary(column: str, value: str) -> SqlError:
    """7705: a partition's boundary must be of the column's type, and not NULL [create-table-azure-sql-data-warehouse, "PARTITION"]."""
    return SqlError(
        7705, f"Could not implicitly convert range values type specified at ordinal {value} to partition function parameter type ({column})."
    )


def too_many_partitions(most: int) -> SqlError:
    """7719 [sql-data-warehouse-service-capacity-limits]."""
    return SqlError(7719, f"CREATE/ALTER partition function failed as only a maximum of {most} partitions can be created.")


def split_not_empty(table: str) -> SqlError:
    """35346: a columnstore's partition is split while it is empty [sql-data-warehouse-tables-partition]."""
    text = f"SPLIT clause of ALTER PARTITION statement failed because the partition is not empty: '{table}' has a columnstore index."
    return SqlError(35346, text)


def no_boundary(value: str) -> SqlError:
    """7715: MERGE RANGE of a value that is no boundary [errors 7000 to 7999]."""
    return SqlError(7715, f"The specified partition range value {value} could not be found.")


def boundary_exists() -> SqlError:
    """7708 [errors 7000 to 7999]."""
    return SqlError(7708, "Duplicate range boundary values are not allowed in partition function boundary values list.")


def not_partitioned(table: str) -> SqlError:
    """7729 for a table without partitions, or a partition that is not there [errors 7000 to 7999]."""
    return SqlError(7729, f"Cannot specify partition number in the ALTER TABLE statement as the table '{table}' has no such partition.")


def switch_refused(why: str) -> SqlError:
    """4943 to 4967 in one wording: the two tables of a SWITCH do not agree [sql-data-warehouse-tables-partition]."""
    return SqlError(4943, f"ALTER TABLE SWITCH statement failed because {why}.")


def ordered_text(column: str) -> SqlError:
    """No string column orders a columnstore [create-table-azure-sql-data-warehouse, "Ordered clustered columnstore index"]; number unconfirmed."""
    return SqlError(35370, f"The statement failed. Column '{column}' is a string and cannot be in the ORDER of a clustered columnstore index.")


def identity_type(column: str) -> SqlError:
    """2749: IDENTITY is for INT and BIGINT [sql-data-warehouse-tables-identity, "Limitations"]."""
    return SqlError(2749, f"Identity column '{column}' must be of data type int or bigint, and constrained to be nonnullable.")


def two_identities(table: str) -> SqlError:
    """2744 [errors 2000 to 2999]."""
    return SqlError(2744, f"Multiple identity columns specified for table '{table}'. Only one identity column per table is allowed.")


def identity_given(column: str, table: str) -> SqlError:
    """544: a value for an identity column without SET IDENTITY_INSERT [errors 0 to 999]."""
    return SqlError(544, f"Cannot insert explicit value for identity column '{column}' in table '{table}' when IDENTITY_INSERT is set to OFF.")


def identity_missing(table: str) -> SqlError:
    """545: IDENTITY_INSERT is on, and the statement names no value [errors 0 to 999]."""
    text = f"Explicit value must be specified for identity column in table '{table}' when IDENTITY_INSERT is set to ON."
    return SqlError(545, text)


def identity_updated(column: str) -> SqlError:
    """8102 [errors 8000 to 8999]."""
    return SqlError(8102, f"Cannot update identity column '{column}'.")


def identity_insert_taken(held: str, wanted: str) -> SqlError:
    """8107: one table at a time in a session [sql/t-sql/statements/set-identity-insert-transact-sql]."""
    return SqlError(8107, f"IDENTITY_INSERT is already ON for table '{held}'. Cannot perform SET operation for table '{wanted}'.")


def no_identity(table: str) -> SqlError:
    """8106 [same page]."""
    return SqlError(8106, f"Table '{table}' does not have the identity property. Cannot perform SET operation.")


def many_hash_columns_off() -> SqlError:
    """Several distribution columns need DW_COMPATIBILITY_LEVEL 50 [create-table-azure-sql-data-warehouse, note]; number unconfirmed."""
    return SqlError(104474, "Multi-column distribution is not supported by this product version or this feature is disabled.")


def many_hash_columns_unreadable() -> SqlError:
    """The level was taken back: such tables stay, and cannot be read [same note, whose words these are]; number unconfirmed."""
    text = "Related table/view is not readable because it distributes data on multiple columns and multi-column distribution is not supported"
    return SqlError(104475, f"{text} by this product version or this feature is disabled.")


def no_index(index: str, table: str) -> SqlError:
    """2727 [errors 2000 to 2999]."""
    return SqlError(2727, f"Cannot find index '{index}' on table '{table}'.")


def two_clustered(table: str) -> SqlError:
    """1902 [errors 0 to 1999]."""
    return SqlError(
        1902, f"Cannot create more than one clustered index on table '{table}'. Drop the existing clustered index before creating another."
    )


def second_primary_key(table: str) -> SqlError:
    """1779 [errors 0 to 1999]."""
    return SqlError(1779, f"Table '{table}' already has a primary key defined on it.")


def nullable_key(column: str, table: str) -> SqlError:
    """8111 [errors 8000 to 8999]."""
    return SqlError(8111, f"Cannot define PRIMARY KEY constraint on nullable column '{column}' in table '{table}'.")


def no_constraint(name: str) -> SqlError:
    """3728 [errors 3000 to 3999]."""
    return SqlError(3728, f"'{name}' is not a constraint.")


def column_in_use(column: str, what: str, verb: str) -> SqlError:
    """4922: an index, a key, a default or a partition holds the column [alter-table-transact-sql, "ALTER COLUMN" and "DROP COLUMN"]."""
    return SqlError(4922, f"ALTER TABLE {verb} COLUMN {column} failed because one or more objects access this column: {what}.")
