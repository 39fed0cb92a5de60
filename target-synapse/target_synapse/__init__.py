"""target-synapse: Singer streams into an Azure Synapse dedicated SQL pool, by way of Blob Storage and COPY INTO.

A row's way: `target` reads, `sink` takes the rows of a stream, `columns` (or `rows`, one by one) writes them as lines of parts, `staging` puts these into the store. When a
batch is drained, `loading` has a way (`ways`) fill a staging table and a mode (`modes`) move it into the stream's table in one transaction. `tables` makes, grows and
replaces tables, `children` those of arrays, `sql` has the statements as text, `user_sql` what users add to them, `pool` the connection, `checking` what `--check` tries.
"""
