"""The SDK's own tests of a tap, all of them, over a DuckDB file."""

import tempfile
from pathlib import Path

import duckdb
from singer_sdk.testing import get_tap_test_class
from tap_warehouse.tap import TapWarehouse

# The SDK builds its test class when this module is read, so the file must be there by then.
_FOLDER = tempfile.TemporaryDirectory(prefix="tap-warehouse-suite-")
_FILE = Path(_FOLDER.name) / "warehouse.duckdb"
with duckdb.connect(str(_FILE)) as _connection:
    _connection.execute(
        "CREATE TABLE events AS SELECT range AS id, TIMESTAMP '2024-01-01' + INTERVAL 1 SECOND * range AS at, range % 2 = 0 AS even, "
        "range / 3 AS third, CAST(range AS DECIMAL(12,2)) AS money, ['a', 'b'] AS list, {'x': range} AS struct, DATE '2024-01-01' AS day FROM range(50)"
    )

TestTapWarehouse = get_tap_test_class(
    TapWarehouse,
    config={
        "duckdb": {"path": str(_FILE)},
        "models": [
            {"name": "events", "sql": "SELECT * FROM events", "key_columns": ["id"], "iterator": "at"},
            {"name": "days", "sql": "SELECT day, count(*) AS n FROM events GROUP BY day", "key_columns": ["day"]},
        ],
    },
)
