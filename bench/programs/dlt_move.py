"""dlt, by its own guide: `python dlt_move.py JOB`, a JSON file with `from` (url, table, backend; or lines), `to` (path; or synapse) and `name`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dlt
from dlt.destinations import filesystem, synapse
from dlt.sources.sql_database import sql_table

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK_ROWS = 10_000  # as in dlt's own advice


def records(path: str) -> Iterator[list[dict[str, Any]]]:
    """The records of Singer lines, in lists: dlt's advice for speed."""
    some: list[dict[str, Any]] = []
    with Path(path).open(encoding="utf-8") as lines:
        for line in lines:
            message = json.loads(line)
            if message["type"] == "RECORD":
                some.append(message["record"])
            if len(some) == CHUNK_ROWS:
                yield some
                some = []
    yield some


def resource(job: dict[str, Any]) -> Any:
    """Where the rows come from."""
    source = job["from"]
    if "lines" in source:
        return dlt.resource(records(source["lines"]), name=job["name"], primary_key="id", max_table_nesting=0)
    return sql_table(source["url"], table=source["table"], schema="public", backend=source["backend"], reflection_level="full_with_precision")


def main() -> None:
    """Run the pipeline."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    to = job["to"]
    destination = filesystem(to["path"]) if "path" in to else synapse(credentials=to["synapse"])
    pipeline = dlt.pipeline("bench", destination=destination, dataset_name=job["dataset"], pipelines_dir=job["state"])
    options: dict[str, Any] = {"loader_file_format": "parquet"} if "path" in to else {}
    pipeline.run(resource(job), write_disposition="append", **options)


if __name__ == "__main__":
    main()
