"""The meaning: what a Synapse dedicated SQL pool accepts, refuses and answers, with DuckDB behind it.

A batch's way: `tokens` cuts it into words, `batch` into statements (`read_*` make `commands` and `ddl_commands` of them), `session` runs them one by
one. `ddl` changes objects (`tables`, `table_*`, `modules`, `external_objects`), `dml`, `merge` and `copy_into` change rows, `translate` turns queries into
DuckDB's SQL, `conversion` keeps T-SQL's rules for values, `catalog` remembers what was declared (`objects`), `external_tables` reads PolyBase's files, and
`errors`, `table_errors` and `load_errors` hold every refusal with its number and its source. `faults`, `weather` and `locks` are what can go wrong.

It is a reading of Microsoft's documents, not the engine. Where it is known to differ:

- Locks are on whole tables, and inserts alone do not wait for each other. A transaction that wrote before it waited may end with 1205 where a pool goes on.
- From its first change on, a transaction sees the others' data as they were then; a pool reads uncommitted.
- Text compares without case; trailing blanks count, but for char and nchar; two literals compare with case; SUBSTRING and LEFT count characters, not units.
- Moments keep microseconds: a seventh digit is dropped. A datetimeoffset equals another only in the same zone.
- The size of a transaction is counted in rows of 250 bytes, evenly spread, as the table of its limits has them.
- Output parameters, TRY and CATCH, native external tables, CREATE EXTERNAL TABLE AS SELECT and ORC are refused with 50000.
"""

from sandbox.synapse.faults import Fault, Faults
from sandbox.synapse.pool import Pool

__all__ = ["Fault", "Faults", "Pool"]
