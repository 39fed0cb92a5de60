"""The case of target-mparticle: from lines to accepted batches."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from sandbox.http.control import Control

from bench import arrived
from bench.cases import FIFTH, Case, Contender, Job, Size
from bench.data import EVENTS
from bench.extract import write
from bench.load import lines
from bench.scene import command

if TYPE_CHECKING:
    from pathlib import Path

    from bench.data import Table
    from bench.digest import Digest
    from bench.measure import Measured
    from bench.scene import Scene

NO_PACE_BATCHES_PER_S = 1_000_000  # mParticle's own limit is 270: here it is the target that is measured
IDENTITIES = {"user_code": "customer_id", "email": "email"}
ITERATOR = "updated_at"  # tells versions of a row apart, and is not sent
MAPPINGS = [{"mapping_type": "column", "source": "user_code", "destination": "user_identities.customer_id"}]


def deliver(scene: Scene, table: Table, rows: int, *, to_stand_in: bool) -> Job:
    """target-mparticle: into the receiver, which takes all, or into the stand-in, which checks each batch by mParticle's rules."""
    url = scene.sandbox["SANDBOX_MPARTICLE_URL"] if to_stand_in else scene.receiver_url
    settings: dict[str, Any] = {
        **scene.settings_of("target-mparticle"),
        "base_url": f"{url}/v2",
        "max_batches_per_second": NO_PACE_BATCHES_PER_S,
        "rejects_path": str(scene.folder / "rejects.jsonl"),
        "streams": {table.name: {"iterator": ITERATOR, "mappings": MAPPINGS}},
    }
    return Job(
        [command("target-mparticle", "--config", write(scene.folder / f"target-mparticle.{to_stand_in}.json", settings))],
        stdin=lines(scene, table, rows),
        stdout=scene.folder / "state.jsonl",
        before=partial(_emptied, scene, to_stand_in),
        wanted=partial(_wanted, scene, table, rows),
        found=lambda: arrived.batches(_bodies(scene, to_stand_in), _sent(table).columns, rows, identities=IDENTITIES),
        more=partial(_told, scene, to_stand_in),
    )


def _sent(table: Table) -> Table:
    return replace(table, columns=tuple(column for column in table.columns if column.name != ITERATOR))


def _wanted(scene: Scene, table: Table, rows: int) -> Digest:
    return arrived.duckdb_table(scene.warehouse.path(table, rows), table.sized(rows), _sent(table).columns, rows)


def _emptied(scene: Scene, to_stand_in: bool) -> None:  # noqa: FBT001 - bound by name in one place
    if to_stand_in:
        Control(scene.sandbox["SANDBOX_MPARTICLE_URL"]).change(batches_per_second=NO_PACE_BATCHES_PER_S, forget=True)
    else:
        with scene.bodies.open("r+b") as bodies:
            bodies.truncate()


def _bodies(scene: Scene, to_stand_in: bool) -> Path:  # noqa: FBT001 - as above
    if not to_stand_in:
        return scene.bodies
    path = scene.folder / "stored.txt"
    kept = arrived.stored(scene.sandbox["SANDBOX_MPARTICLE_URL"], what="batches")
    path.write_text("".join(json.dumps(one["batch"]) + "\n" for one in kept), encoding="utf-8")
    return path


def _told(scene: Scene, to_stand_in: bool, _measured: Measured) -> dict[str, float]:  # noqa: FBT001 - as above
    return {"batches": arrived.count_batches(_bodies(scene, to_stand_in))}


TO_RECEIVER = Contender("target-mparticle to a bare receiver", FIFTH, partial(deliver, to_stand_in=False), is_ours=True)
TO_STAND_IN = Contender("target-mparticle to the stand-in", Size(10_000, 1_000), partial(deliver, to_stand_in=True), is_ours=True)

CASES = (
    Case(
        "deliver",
        "From lines to accepted batches",
        EVENTS,
        (TO_RECEIVER, TO_STAND_IN),
        TO_RECEIVER.name,
        "Without mParticle's pace of 270 batches a second, so that it is the target that is measured. The receiver answers 202 to all; the stand-in "
        "checks each batch by mParticle's rules, in Python, and most of the time there is its.",
        most_rounds=3,
    ),
)
LARGE_CASES = (
    Case(
        "deliver large",
        "The same, five times the rows",
        EVENTS,
        (TO_RECEIVER.sized(Size(1_000_000, 5_000)),),
        TO_RECEIVER.name,
        most_rounds=1,
        in_quick=False,
    ),
)
