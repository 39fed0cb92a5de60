"""How many files the pool reads at once: 60 for each compute node, and the nodes by its service level.

https://learn.microsoft.com/azure/synapse-analytics/sql-data-warehouse/sql-data-warehouse-memory-concurrency-limits (compute nodes);
https://learn.microsoft.com/sql/t-sql/statements/copy-into-transact-sql ("What is the guidance on the number of files").
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from singer_commons.errors import SuiteError

from target_synapse.staging.formats import FILES_OF_A_NODE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_synapse.pool.connection import Pool

LEVEL = re.compile(r"DW(\d+)c", re.IGNORECASE)
UNITS_OF_A_NODE = 500  # up to DW500c there is one compute node, above one for each 500 units
SERVICE_LEVEL = "SELECT DATABASEPROPERTYEX(DB_NAME(), 'ServiceObjective')"
logger = logging.getLogger("target-synapse")


def files_at_once(pool: Pool, config: Mapping[str, Any]) -> int:
    """The number that is set, else that of the pool's service level; one node's where the pool does not tell."""
    if asked := config.get("staged_files"):
        return int(asked)
    try:
        ((level,),) = pool.rows(SERVICE_LEVEL, doing="cannot ask for the service level")
    except (SuiteError, ValueError) as error:
        logger.debug("The pool's service level is not known: %s", error)
        return FILES_OF_A_NODE
    return files_of_level(str(level))


def files_of_level(level: str) -> int:
    """The files for a level such as `DW1000c`."""
    found = LEVEL.fullmatch(level.strip())
    return FILES_OF_A_NODE * max(int(found[1]) // UNITS_OF_A_NODE, 1) if found else FILES_OF_A_NODE
