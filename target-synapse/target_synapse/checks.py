"""The checks before anything is read or moved: storage and pool are both tried, and all that is wrong is told together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_commons.errors import SuiteError

if TYPE_CHECKING:
    import logging

    from target_synapse.connection import Pool
    from target_synapse.staging import StagingStore


ATTEMPTS = 3  # enough for a pool that is warming up to be noticed; a wrong address is told within seconds


class SeveralProblemsError(SuiteError):
    """More than one check failed; each was logged in a line of its own, with its hint."""


def check(pool: Pool, store: StagingStore, logger: logging.Logger) -> None:
    """Reach the storage and log in to the pool. Raises what is wrong, or SeveralProblemsError."""
    found: list[SuiteError] = []
    for attempt in (store.check, lambda: pool.repeated(lambda: pool.number("SELECT 1", doing="cannot ask the pool anything"), attempts=ATTEMPTS)):
        try:
            attempt()
        except SuiteError as error:
            found.append(error)
    if len(found) == 1:
        raise found[0]
    if found:
        for one in found:
            logger.error("%s - hint: %s", one, one.hint)
        raise SeveralProblemsError("; ".join(str(one) for one in found), hint="; ".join(one.hint for one in found if one.hint))
