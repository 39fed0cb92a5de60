"""How many rows go together, and what becomes of those that cannot be loaded."""

from __future__ import annotations

from singer_sdk import typing as th

DEFAULT_BATCH_ROWS = 100_000
MAX_COPY_ERRORS = 100_000  # each such row is written, listed and read one by one
DEFAULT_REJECTS_PATH = "target-synapse.rejects.jsonl"

ROWS = (
    th.Property(
        "batch_size_rows",
        th.IntegerType(minimum=1),
        default=DEFAULT_BATCH_ROWS,
        title="Batch size",
        description="Rows, over all streams, that are loaded together. A batch ends at the tap's next STATE after that many rows, at twice as many at the latest.",
    ),
    th.Property(
        "add_record_metadata",
        th.BooleanType(),
        default=False,
        title="Metadata",
        description="Add the `_sdc_...` columns: when a row was read and loaded.",
    ),
    th.Property(
        "string_length",
        th.StringType(allowed_values=["reject", "truncate", "fail", "heap"]),
        default="reject",
        title="Over-long text",
        description="Text longer than its column: `reject` the row, `truncate` the text (counted at the end), or `fail`. "
        "`heap`: text without a `maxLength` of 4,000 or less has no limit, for which a columnstore is made anew as a heap; other text as with `reject`.",
    ),
    th.Property(
        "rejects_path",
        th.StringType(),
        default=DEFAULT_REJECTS_PATH,
        title="Rejects file",
        description="File to which rejected rows are appended, one JSON line each with the reason.",
    ),
    th.Property(
        "rejects_to",
        th.StringType(allowed_values=["file", "table", "both"]),
        default="file",
        title="Rejects go to",
        description="Where rejected rows go: the `file` of `rejects_path`, the `table` `_sdc_rejected` beside the ledger, or `both`.",
    ),
    th.Property(
        "copy_max_errors",
        th.IntegerType(minimum=0, maximum=MAX_COPY_ERRORS),
        default=0,
        title="Rows that COPY INTO may refuse",
        description="Rows of a batch that COPY INTO may refuse (its MAXERRORS): they are rejected with the pool's reason, and the others loaded. 0: none.",
    ),
    th.Property(
        "max_rejected_rows",
        th.IntegerType(minimum=0),
        title="Rejected rows allowed",
        description="Rejected rows beyond which the command ends with exit code 3, after all other rows are loaded. Default: 0, unless `max_rejected_share` is set.",
    ),
    th.Property(
        "max_rejected_share",
        th.NumberType(minimum=0, maximum=1),
        title="Share of rejected rows allowed",
        description="Share of all rows that may be rejected, 0 to 1. If `max_rejected_rows` is set, too, both hold.",
    ),
)
