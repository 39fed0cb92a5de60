"""Child tables: with `nested_data` `child_tables` the elements of an array are rows of a table of their own, instead of one text of JSON.

    flat        objects as columns, where arrays are tables
    tree        which properties are such arrays, and the rows that a record's arrays are
    tables      the child tables, made and grown as the stream's own
    former      child tables that a stream has no array for any more
    family      a stream and its child tables: rows to lines, one by one or by Arrow table
    writer      a batch of a stream's rows, and beside it those of each child table
    statements  what moves them in the transaction of the stream's own rows

A child row is staged with the place of its record in the batch, and finds that record's staged row by it: so it has its key, goes where the record is
replaced by a later one, and is in the same slice. docs/decisions/015-child-tables.md says why.
"""
