"""The meaning: what a Synapse dedicated SQL pool accepts, refuses and answers, with DuckDB behind it.

A batch's way: `tokens` cuts it into words, `batch` into statements (`read_*` make commands of them), `session` runs them one by one,
`ddl`, `dml` and `copy_into` change tables, `translate` turns queries into DuckDB's SQL, `conversion` keeps T-SQL's rules for values,
`catalog` remembers what was declared, and `errors` holds every refusal with its number and its source.

It is a reading of Microsoft's documents, not the engine. Where it is known to differ:

- Nothing waits for a lock: a transaction that meets another's change fails with 1205 at once.
- From its first change on, a transaction sees the others' data as they were then; a pool reads uncommitted.
- Text compares without case, but trailing blanks count; two literals compare with case; SUBSTRING and LEFT count characters, not units.
- Moments keep microseconds: a seventh digit is dropped. A datetimeoffset equals another only in the same zone.
- Temporary tables, IDENTITY, views, procedures, variables of one SELECT, PolyBase and ORC are refused with 50000.
"""

from sandbox.synapse.faults import Fault, Faults
from sandbox.synapse.pool import Pool

__all__ = ["Fault", "Faults", "Pool"]
