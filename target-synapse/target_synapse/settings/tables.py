"""Which tables there are, and how they are made."""

from __future__ import annotations

from singer_sdk import typing as th

MAX_HASH_COLUMNS = 8  # https://learn.microsoft.com/sql/t-sql/statements/create-table-azure-sql-data-warehouse
MAX_BOUNDARIES = (
    14_999  # of 15,000 partitions (https://learn.microsoft.com/azure/synapse-analytics/sql-data-warehouse/sql-data-warehouse-service-capacity-limits)
)

TABLES = (
    th.Property(
        "default_target_schema",
        th.StringType(),
        title="Schema",
        description="Schema of the tables. Default: the one in the stream's name (`schema-table`), else `dbo`.",
    ),
    th.Property(
        "table_distribution",
        th.StringType(allowed_values=["auto", "hash", "round_robin", "replicate"]),
        default="auto",
        title="Distribution",
        description="Distribution of new tables. `auto`: HASH of the first key, ROUND_ROBIN for streams without keys.",
    ),
    th.Property(
        "distribution_columns",
        th.CustomType({"type": ["array", "null"], "items": {"type": "string"}, "minItems": 1, "maxItems": MAX_HASH_COLUMNS}),
        title="Distribution columns",
        description="Properties that rows are distributed by, 1 to 8, instead of the first key. More than one needs DW_COMPATIBILITY_LEVEL 50.",
    ),
    th.Property(
        "table_index",
        th.StringType(allowed_values=["auto", "columnstore", "heap", "clustered"]),
        default="auto",
        title="Index",
        description="Index of new tables. `auto`: columnstore, or a heap where a column needs more than 4,000 characters (objects, arrays, long text).",
    ),
    th.Property(
        "index_columns",
        th.CustomType({"type": ["array", "null"], "items": {"type": "string"}, "minItems": 1}),
        title="Index columns",
        description="Properties, in order: those of the clustered index (default: the keys), or the ORDER of the columnstore, which takes no text.",
    ),
    th.Property(
        "table_partition",
        th.ObjectType(
            th.Property("column", th.StringType(), title="Column", description="The property whose values part the rows."),
            th.Property(
                "range",
                th.StringType(allowed_values=["left", "right"]),
                title="Range",
                description="`right`: a boundary is the first value of its part, `left` (default): the last of the one before.",
            ),
            th.Property(
                "values",
                th.CustomType({"type": "array", "items": {"type": ["number", "string"]}, "minItems": 1, "maxItems": MAX_BOUNDARIES}),
                title="Boundaries",
                description="Numbers, or texts of dates and times.",
            ),
            additional_properties=False,
        ),
        title="Partitions",
        description='Partitions of new tables: `{"column": "day", "range": "right", "values": ["2026-01-01", "2026-02-01"]}`.',
    ),
    th.Property(
        "nested_data",
        th.StringType(allowed_values=["json", "child_tables"]),
        default="json",
        title="Arrays",
        description="What becomes of arrays: `json` text in a column, or `child_tables`, in which each element is a row (`orders__items`). "
        "Objects are JSON text either way, unless `flattening_enabled` makes columns of them; then arrays within them are child tables, too.",
    ),
    th.Property(
        "type_conflict",
        th.StringType(allowed_values=["fail", "split", "rebuild"]),
        default="fail",
        title="Change of type",
        description="Where a column is there and no change in place keeps all values: `fail`, `split` (a column of its own, `amount__nvarchar`) or `rebuild` "
        "(the table anew, with a type that holds both).",
    ),
    th.Property(
        "timestamp_type",
        th.StringType(allowed_values=["datetime2", "datetimeoffset"]),
        default="datetime2",
        title="Moments",
        description="Type of `date-time` values: `datetime2`, all in UTC, or `datetimeoffset`, which keeps the offset that each came with.",
    ),
    th.Property(
        "primary_key",
        th.StringType(allowed_values=["none", "not_enforced"]),
        default="none",
        title="Primary key",
        description="`not_enforced`: new tables say their key to the optimizer, which then trusts it: with duplicates in the table queries answer wrongly.",
    ),
    th.Property(
        "key_collation",
        th.StringType(pattern="^[A-Za-z0-9_]+$"),
        title="Collation of keys",
        description="Collation of text keys in new tables. `Latin1_General_100_BIN2` tells `a` from `A`; the default, the database's, mostly does not.",
    ),
    th.Property(
        "table_statistics",
        th.StringType(allowed_values=["none", "update", "keys", "all"]),
        default="none",
        title="Statistics",
        description="At the end of a run, for tables that got rows: `update` the statistics there are; make them, too, for `keys` (and the columns of "
        "distribution, index and partitions) or for `all` columns.",
    ),
    th.Property(
        "rebuild_indexes",
        th.BooleanType(),
        default=False,
        title="Rebuild indexes",
        description="At the end of a run, rebuild the indexes of tables that got rows. Takes long for large tables, and locks them.",
    ),
)
