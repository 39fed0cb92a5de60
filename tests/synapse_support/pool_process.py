"""The stand-in of a pool, in a process of its own: prints its port, then obeys a line of JSON at a time until stdin closes.

`{"fault": {...}}` lets a fault wait, `{"weather": {...}}` changes the pool's, `{"clear": true}` ends both, `{"waiting": true}` answers with the faults,
`{"hanging": seconds}` with whether none waits any more, `{"requests": true}` with all statements, oldest first, `{"drop": schema}` ends a schema with all
that is in it, and `{"export": {...}}` writes rows as they are stored into an Arrow file, as the wire would take minutes for millions.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
from sandbox.entra.tokens import Issuer
from sandbox.synapse.faults import Fault
from sandbox.synapse.loading.blobs import Identities
from sandbox.synapse.objects import duck_name
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


def export(pool: Pool, schema: str, table: str, columns: list[str], key: str, start: int, end: int, path: str) -> int:
    """Write the rows with keys from `start` up to `end`, in their order; UUIDs as text."""
    held = pool.catalog.table((schema, table))
    names = ", ".join(
        f'CAST("{name}" AS VARCHAR) AS "{name}"' if held.column(name).type.name == "uniqueidentifier" else f'"{name}"' for name in columns
    )
    sql = f'SELECT {names} FROM {held.duck} WHERE "{key}" >= {start} AND "{key}" < {end} ORDER BY "{key}"'
    with closing(pool.duck.cursor()) as cursor:
        found = cursor.sql(sql).to_arrow_table()
    with pa.OSFile(path, "wb") as file, pa.ipc.new_file(file, found.schema) as writer:
        writer.write_table(found)
    return found.num_rows


def drop(pool: Pool, schema: str) -> None:
    """End a schema with all that is in it, whoever holds it, and PolyBase's objects of runs that were killed, which have no schema.

    What a thousand tests leave behind makes every statement of the next slower.
    """
    with pool.catalog.lock, closing(pool.duck.cursor()) as cursor:
        content = pool.catalog.content
        for objects in (content.sources, content.formats, content.credentials):
            for left in [name for name in objects if name.startswith("_sdc_")]:
                del objects[left]
        name = pool.catalog.schemas.pop(schema.lower(), None)
        if name is None:
            return
        for held in [one for one in pool.catalog.objects() if one.schema.lower() == schema.lower()]:
            pool.catalog.remove(held)
        cursor.execute(f"DROP SCHEMA {duck_name(name)} CASCADE")


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
    if isinstance(schema := order.get("drop"), str):
        drop(pool, schema)
    if isinstance(wish := order.get("export"), dict):
        return export(pool, **wish)
    if order.get("requests"):
        return [one.command for one in reversed(list(pool.requests))]
    return "ok"


if __name__ == "__main__":
    main()
