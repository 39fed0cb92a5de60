"""The warehouse as a service of the sandbox: a DuckDB file to read, and controls to change it and to ask it.

The file takes one writer or several readers at a time, so it is opened only while a control needs it.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import duckdb

from sandbox.http.messages import Answer
from sandbox.http.service import HttpService
from sandbox.warehouse.build import MODELS, build, change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sandbox.http.messages import Request
    from sandbox.http.service import Route
    from sandbox.services import Options

# The two data models of the pipes: a user a row for mParticle, an order a row for Synapse.
USERS = {
    "name": "users",
    "sql_file": str(MODELS / "users.sql"),
    "key_columns": ["customer_id"],
    "sync_mode": "incremental",
    "iterator": "date_updated",
}
ORDERS = {"name": "orders", "sql_file": str(MODELS / "orders.sql"), "key_columns": ["order_id"], "sync_mode": "incremental", "iterator": "updated_at"}


class WarehouseStand:
    """No endpoint of its own: the file is the service."""

    def __init__(self, file: Path, seed: int) -> None:
        self.file, self._seed = file, seed

    def routes(self) -> Sequence[Route]:
        """None."""
        return ()

    def admit(self, _request: Request) -> Answer | None:
        """Everyone."""
        return None

    def unknown(self, _request: Request) -> Answer:
        """Where the warehouse is."""
        return Answer.of_json({"error": f"the warehouse is the file {self.file}"}, 404)

    def change(self, wish: Mapping[str, Any]) -> Any:
        """`{"customers": n, "added": n, "orders": n}`, as `sandbox.warehouse.build.change`; answers the keys of what changed."""
        changed = asdict(change(self.file, seed=self._seed, **wish))
        return {name: str(value) if name == "iterator_before" else value for name, value in changed.items()}

    def stored(self, query: Mapping[str, str]) -> Any:
        """`?what=users` or `orders` (the rows of that model), or `?sql=` any query; times and decimals as text."""
        named = {"users": USERS, "orders": ORDERS}
        sql = query.get("sql") or (MODELS / f"{named[query.get('what', 'users')]['name']}.sql").read_text(encoding="utf-8")
        with duckdb.connect(str(self.file), read_only=True) as connection:
            rows = connection.sql(sql).to_arrow_table().to_pylist()  # DuckDB's own rows need pytz for times with a zone
        return json.loads(json.dumps(rows, default=str))


class WarehouseService(HttpService):
    """The controls on their port, with the settings that lead to the file."""

    stand: WarehouseStand

    @property
    def settings(self) -> Mapping[str, str]:
        """Environment variables for tap-warehouse, and for the controls; the models are in files of their own."""
        return {
            "TAP_WAREHOUSE_WAREHOUSE": "duckdb",
            "TAP_WAREHOUSE_DUCKDB": json.dumps({"path": str(self.stand.file)}),
            "TAP_WAREHOUSE_DUCKDB_PATH": str(self.stand.file),  # as Meltano names the same setting
            "SANDBOX_WAREHOUSE_URL": self.url,
        }


def start(options: Options) -> WarehouseService:
    """Build the file in the sandbox's folder, write a settings file for each model beside it, and take changes."""
    file = options.folder.resolve() / "warehouse.duckdb"
    build(file, seed=options.seed)
    for model in (USERS, ORDERS):
        file.with_name(f"{model['name']}.model.json").write_text(json.dumps({"models": [model]}, indent=2) + "\n", encoding="utf-8")
    return WarehouseService(WarehouseStand(file, options.seed), port=options.port)
