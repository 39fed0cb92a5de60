"""Takes the statements instead of a pool, and answers what a test tells it."""

from __future__ import annotations

from contextlib import contextmanager


class RecordingPool:
    def __init__(self, columns=()):
        self.columns, self.statements = [(*column, "YES", None)[:7] for column in columns], []

    def execute(self, sql, *parameters, doing):
        self.statements.append(sql)
        return 1

    def run(self, sql, *, doing):
        self.statements.append(sql)

    def rows(self, sql, *, doing):
        self.statements.append(sql)
        if "MIN([_sdc_row])" in sql:
            return [(1, 2)]
        return [tuple(column) for column in self.columns] if "INFORMATION_SCHEMA" in sql else []

    def number(self, sql, *, doing):
        self.statements.append(sql)
        return 0 if "ledger" in sql else 2

    def drop(self, what, sql):
        self.statements.append(sql)
        return True

    def repeated(self, work):
        return work()

    def close(self):
        self.statements.append("-- close")

    @contextmanager
    def transaction(self, *, doing):
        self.statements.append("BEGIN TRANSACTION")
        yield
        self.statements.append("COMMIT TRANSACTION")
