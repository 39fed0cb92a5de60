"""The meaning: what a Synapse dedicated SQL pool accepts, refuses and answers, with DuckDB behind it.

A batch's way: `reading` cuts it into words and statements (`tokens`, `batch`) and makes of each what it asks for (`commands`, `ddl_commands`), `session` runs them
one by one. `tables` changes objects, `rows` reads and changes rows and turns queries into DuckDB's SQL (`translate`), `loading` has COPY INTO and PolyBase, `values`
T-SQL's types and conversions, `rights` who may do what, `views` the system views. `refusals` holds every refusal with its number and its source. `catalog` remembers
what was declared (`objects`), `modules` views and procedures; `faults`, `weather` and `locks` are what can go wrong.

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
