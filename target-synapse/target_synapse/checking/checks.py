"""The checks before anything is read or moved: storage and pool are both tried, and all that is wrong is told together."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from singer_commons.errors import SuiteError, UnreachableError

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from target_synapse.pool.connection import Pool
    from target_synapse.staging.store import StagingStore
    from target_synapse.ways import Way


REACH_TIMEOUT_S = 20  # a gateway answers a connection within a second; slow links get some more
ATTEMPTS = 3  # enough for a pool that is warming up to be noticed; a wrong address is told within seconds


class SeveralProblemsError(SuiteError):
    """More than one check failed; each was logged in a line of its own, with its hint."""


def check(pool: Pool, store: StagingStore | None, way: Way, logger: logging.Logger) -> None:
    """Reach the storage, if the way goes through one, log in to the pool, and reach what else the way needs. Raises what is wrong, or SeveralProblemsError."""
    found: list[SuiteError] = []
    attempts: list[Callable[[], None]] = [lambda: _check_pool(pool), way.check]
    if store:
        attempts.insert(0, store.check)
    for attempt in attempts:
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


def _check_pool(pool: Pool) -> None:
    reach(pool.host, pool.port)
    pool.repeated(lambda: pool.number("SELECT 1", doing="cannot ask the pool anything"), attempts=ATTEMPTS)


def reach(host: str, port: int) -> None:
    """Connect to the port and hang up. Raises UnreachableError.

    The ODBC driver would knock at a closed port until its time is up, and then say only that the time is up.
    """
    try:
        socket.create_connection((host, port), REACH_TIMEOUT_S).close()
    except OSError as error:
        reason = error.strerror or str(error)
        raise UnreachableError(
            f"cannot connect to {host}, port {port}: {reason}", hint="check `host`, `port`, and the firewalls in between"
        ) from error
