"""Parquet files of BATCH messages that go straight to COPY INTO: no row of them comes through this process.

Only where that gives the very table that reading the file would: everything else is read (`why`). In the order of the steps:

    place    whether the file lies in the staging container, and under which path
    footer   what it holds, by its footer
    fit      whether each column can be loaded, with the types of the file, and what the pool has to look at
    way      COPY INTO a staging table with the file's types, and the look at what arrived
    copier   when: all rows that came before are loaded first, and a file that is not copied is read
"""
