"""The stand-in of a pool, in a process of its own: prints its port, then obeys a line of JSON at a time until stdin closes.

`{"fault": {...}}` lets a fault wait, `{"clear": true}` forgets those that wait, `{"requests": true}` answers with all statements, oldest first.
"""

from __future__ import annotations

import json
import os
import sys
import threading

from sandbox.synapse.faults import Fault
from sandbox.synapse.pool import Pool
from sandbox.tds.server import TdsServer

USER, PASSWORD, DATABASE = "loader", "Secret1!", "pool"


def main() -> None:
    pool = Pool(database=DATABASE, users={USER: PASSWORD})
    server = TdsServer(pool)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    say(server.port)
    for line in sys.stdin:
        say(obey(pool, json.loads(line)))
    os._exit(0)  # DuckDB would tell at length what its bindings leak


def say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def obey(pool: Pool, order: dict[str, object]) -> object:
    if isinstance(fault := order.get("fault"), dict):
        pool.faults.add(Fault(**fault))
    if order.get("clear"):
        pool.faults.clear()
    if order.get("requests"):
        return [one.command for one in reversed(list(pool.requests))]
    return "ok"


if __name__ == "__main__":
    main()
