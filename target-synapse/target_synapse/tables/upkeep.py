"""What a table needs after a load, once a run: statistics, by which the optimizer plans, and the rebuild of its indexes.

A pool makes statistics of single columns by itself when a query wants them, and brings none of them up to date
(https://learn.microsoft.com/azure/synapse-analytics/sql/develop-tables-statistics). A rebuild moves the rows of small loads out of a columnstore's delta store
(https://learn.microsoft.com/azure/synapse-analytics/sql-data-warehouse/sql-data-warehouse-tables-index).

All rows are committed by then: a failure is told, and no more.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from singer_commons.errors import SuiteError

from target_synapse.sql import ddl
from target_synapse.tables.naming import held_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_synapse.pool.connection import Pool
    from target_synapse.sql.ddl import Column
    from target_synapse.tables.ensure import LoadPlan

STATISTICS_PREFIX = "_sdc_stat_"
logger = logging.getLogger("target-synapse")


class Upkeep:
    """The tables of a run that got rows, and what is to be done for them."""

    def __init__(self) -> None:
        self._loaded: dict[str, tuple[LoadPlan, Mapping[str, Any]]] = {}

    def loaded(self, plan: LoadPlan, config: Mapping[str, Any]) -> None:
        """Rows came into the table; `config` holds for its stream."""
        self._loaded[str(plan.table)] = plan, config

    def run(self, pool: Pool) -> None:
        """Do what the settings ask for each table."""
        for plan, config in self._loaded.values():
            try:
                for statement in self._statements(pool, plan, config):
                    pool.repeated(partial(pool.execute, statement, doing=f"cannot run {statement}"))
            except SuiteError as error:
                logger.warning("The rows of %s are loaded, but %s", plan.table, error)

    def _statements(self, pool: Pool, plan: LoadPlan, config: Mapping[str, Any]) -> list[str]:
        wanted = config.get("table_statistics") or "none"
        made = [ddl.rebuild_indexes(plan.table)] if config.get("rebuild_indexes") else []
        if wanted == "none":
            return made
        made.append(ddl.update_statistics(plan.table))
        sql = ddl.select_statistics(plan.table)
        there = {str(row[0]) for row in pool.repeated(lambda: pool.rows(sql, doing=f"cannot read the statistics of {plan.table}"))}
        names = {one.name: held_name(f"{STATISTICS_PREFIX}{one.name}") for one in _worth_statistics(plan, config, wanted)}
        return made + [ddl.create_statistics(plan.table, name, [column]) for column, name in names.items() if name not in there]


def _worth_statistics(plan: LoadPlan, config: Mapping[str, Any], wanted: str) -> Sequence[Column]:
    if wanted == "update":
        return []
    named = {*plan.keys, *(config.get("distribution_columns") or ()), *(config.get("index_columns") or ())}
    named.add((config.get("table_partition") or {}).get("column"))
    return [one for name, one in plan.columns.items() if not one.type.is_max and (wanted == "all" or name in named or one.name in plan.hashed_by)]
