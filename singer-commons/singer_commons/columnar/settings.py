"""How much of the input a target keeps undecoded: what its memory depends on, whatever passes through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Mapping

# A call that decodes a block costs as much as decoding some 20 rows: from a few thousand rows on that is nothing. 16 MiB of text is some 25,000 rows of
# 350 bytes (lines are kept whole and parted), and about 100 MB once text, strings and Arrow columns of one block stand side by side.
DEFAULT_BLOCK_ROWS = 50_000
DEFAULT_BLOCK_BYTES = 16 * 2**20

BLOCK_SETTINGS = (
    th.Property(
        "block_size_rows",
        th.IntegerType(minimum=1),
        default=DEFAULT_BLOCK_ROWS,
        title="Rows of a block",
        description="Rows of a stream that are decoded at once, at most.",
    ),
    th.Property(
        "block_size_bytes",
        th.IntegerType(minimum=1),
        default=DEFAULT_BLOCK_BYTES,
        title="Size of a block",
        description="Bytes of rows, over all streams, that are kept before they are decoded. Peak memory follows it: some five times as much.",
    ),
)

# The SDK's own words for it are about writing such files.
BATCH_FILES = th.Property(
    "batch_config",
    th.ObjectType(
        th.Property(
            "storage",
            th.ObjectType(
                th.Property(
                    "root",
                    th.StringType(nullable=False),
                    required=True,
                    title="Folder of batch files",
                    description="Folder, or address such as `s3://bucket/folder`, in which files of BATCH messages are looked for by their names. Default: where the messages say.",
                )
            ),
            title="Storage of batch files",
            description="Where this machine finds the files that BATCH messages name.",
        )
    ),
    title="Batch files",
    description="How files of BATCH messages are read.",
)


def block_rows(config: Mapping[str, Any]) -> int:
    """Rows that are decoded at once."""
    return int(config.get("block_size_rows") or DEFAULT_BLOCK_ROWS)


def block_bytes(config: Mapping[str, Any]) -> int:
    """Bytes that are kept before they are decoded."""
    return int(config.get("block_size_bytes") or DEFAULT_BLOCK_BYTES)
