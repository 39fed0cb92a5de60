"""The stand-in of a pool, in a process of its own: prints its port, then obeys a line of JSON at a time until stdin closes.

`{"fault": {...}}` lets a fault wait, `{"weather": {...}}` changes the pool's, `{"clear": true}` ends both, `{"waiting": true}` answers with the faults,
`{"hanging": seconds}` with whether none waits any more, and `{"requests": true}` with all statements, oldest first.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from sandbox.entra.tokens import Issuer
from sandbox.synapse.blobs import Identities
from sandbox.synapse.faults import Fault
from sandbox.synapse.pool import Pool
from sandbox.tds.certificate import Certificate
from sandbox.tds.server import TdsServer

USER, PASSWORD, DATABASE = "loader", "Secret1!", "pool"
CALM = {"state": "online", "service_level": "DW100c", "transaction_rows": None, "disk_full": False}


def main() -> None:
    options = json.loads(sys.argv[1]) if sys.argv[1:] else {}
    users = options.get("users", {USER: PASSWORD})
    pool = Pool(database=DATABASE, users=users, identities=Identities(**options.get("identities", {})), **entra(options))
    certificate = Certificate(*map(Path, options["certificate"])) if "certificate" in options else None
    server = TdsServer(pool, encryption="off" if certificate else "not_supported", certificate=certificate)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    say(server.port)
    for line in sys.stdin:
        say(obey(pool, json.loads(line)))
    os._exit(0)  # DuckDB would tell at length what its bindings leak


def entra(options: dict[str, Any]) -> dict[str, Any]:
    """Who signs tokens, and who has a user in the database."""
    if "issuer" not in options:
        return {}
    return {"tokens": Issuer(options["issuer"]["key"].encode(), options["issuer"]["tenant"]), "entra_users": options["entra_users"]}


def all_met(pool: Pool, limit_s: float) -> bool:
    """Wait until statements have met all faults that waited for them."""
    end, pause = time.monotonic() + limit_s, threading.Event()
    while pool.faults.to_dict()["faults"] and time.monotonic() < end:
        pause.wait(0.01)
    return not pool.faults.to_dict()["faults"]


def say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def obey(pool: Pool, order: dict[str, object]) -> object:
    if isinstance(fault := order.get("fault"), dict):
        pool.faults.add(Fault(**fault))
    if isinstance(wish := order.get("weather"), dict):
        pool.weather.change(wish)
    if order.get("clear"):
        pool.faults.clear()
        pool.weather.change(CALM)
    if order.get("waiting"):
        return pool.faults.to_dict()["faults"]
    if limit_s := order.get("hanging"):
        return all_met(pool, float(str(limit_s)))
    if order.get("requests"):
        return [one.command for one in reversed(list(pool.requests))]
    return "ok"


if __name__ == "__main__":
    main()
