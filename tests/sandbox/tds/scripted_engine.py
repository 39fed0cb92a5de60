"""An engine that answers by script, and a server in front of it: it is the wire that is under test, not SQL.

Run as a program it prints its port, and serves until its standard input ends.
"""

# ruff: noqa: DTZ001  # SQL's datetime and datetime2 know no zone
from __future__ import annotations

import datetime as dt
import itertools
import json
import sys
import threading
import uuid
from decimal import Decimal
from pathlib import Path

from sandbox.tds.certificate import Certificate
from sandbox.tds.server import TdsServer
from sandbox.tds.session import CancelledError, Column, Disconnect, RowCount, Rows, SqlError, SqlType

SAMPLES = {
    "bit": (SqlType("bit"), True),
    "tinyint": (SqlType("tinyint"), 255),
    "smallint": (SqlType("smallint"), -32768),
    "int": (SqlType("int"), -(2**31)),
    "bigint": (SqlType("bigint"), 2**63 - 1),
    "real": (SqlType("real"), 1.5),
    "float": (SqlType("float"), 1.1),
    "decimal": (SqlType("decimal", precision=38, scale=10), Decimal("-1234567890123456789012345678.0123456789")),
    "money": (SqlType("money"), Decimal("-922337203685477.5808")),
    "nvarchar": (SqlType("nvarchar", 40), "Zoë 🦆 ]"),
    "nvarchar_max": (SqlType("nvarchar"), "🦆" * 70_000),
    "varchar": (SqlType("varchar", 40), "Café €"),
    "varchar_max": (SqlType("varchar"), "é" * 70_000),
    "varbinary": (SqlType("varbinary", 40), b"\x00\x01\xff"),
    "varbinary_max": (SqlType("varbinary"), b"\x00\xff" * 70_000),
    "empty": (SqlType("nvarchar", 40), ""),
    "empty_max": (SqlType("nvarchar"), ""),
    "empty_binary": (SqlType("varbinary"), b""),
    "date": (SqlType("date"), dt.date(1, 1, 1)),
    "time": (SqlType("time", scale=6), dt.time(23, 59, 59, 999999)),
    "datetime": (SqlType("datetime"), dt.datetime(1753, 1, 1, 23, 59, 59, 997000)),
    "datetime2": (SqlType("datetime2", scale=7), dt.datetime(9999, 12, 31, 23, 59, 59, 999999)),
    "datetimeoffset": (
        SqlType("datetimeoffset", scale=7),
        dt.datetime(2024, 2, 29, 1, 2, 3, 456789, tzinfo=dt.timezone(dt.timedelta(hours=-3, minutes=-30))),
    ),
    "uniqueidentifier": (SqlType("uniqueidentifier"), uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")),
}
ECHOES = {name: sql_type for name, (sql_type, _) in SAMPLES.items()}
TEXT = Column("value", SqlType("nvarchar"))
NUMBER = Column("n", SqlType("bigint"), nullable=False)


def one(value):
    """A result of one number."""
    return Rows([NUMBER], [(value,)])


class Journal(list):
    """What happened in all sessions, and a way to wait for it."""

    def __init__(self):
        super().__init__()
        self.news = threading.Condition()

    def append(self, line):
        """Note it."""
        with self.news:
            super().append(line)
            self.news.notify_all()

    def wait_for(self, line, limit_s=10):
        """Whether it happens in time."""
        with self.news:
            return self.news.wait_for(lambda: line in self, limit_s)


class ScriptedSession:
    """Answers a few sentences; everything else is a statement without a result."""

    def __init__(self, login, journal):
        self.login, self.journal = login, journal
        self.stop = threading.Event()

    def execute(self, sql, parameters):
        """Answer one sentence."""
        self.stop.clear()
        verb, _, rest = sql.strip().partition(" ")
        answer = getattr(self, f"do_{verb.lower()}", None)
        return iter([RowCount(None)]) if answer is None else answer(rest, parameters)

    def do_echo(self, name, parameters):
        """`echo decimal @P1`: the parameter in a column of that type."""
        yield Rows([Column("value", ECHOES[name.split()[0]])], [tuple(parameters.values())])

    def do_describe(self, _, parameters):
        """What the parameters were, as Python writes them."""
        declared = getattr(parameters, "declared", {})
        yield Rows([TEXT], [(json.dumps([[name, declared.get(name), repr(value)] for name, value in parameters.items()]),)])

    def do_insert(self, _, parameters):
        """A row a call; one whose parameter is `bad` is refused."""
        self.journal.append(f"insert {self.login.application} {list(parameters.values())}")
        if "bad" in parameters.values():
            raise SqlError(245, "Conversion failed.")
        yield RowCount(1)

    def do_types(self, *_):
        """A column of each type: its sample, then NULL."""
        columns = [Column(name, sql_type) for name, (sql_type, _) in SAMPLES.items()]
        yield Rows(columns, [tuple(value for _, value in SAMPLES.values()), (None,) * len(columns)])

    def do_rows(self, rest, _):
        """`rows 3`, `rows 3 fail`, `rows 3 slow`: numbers as they are asked for, and what happens after them."""
        count, _, end = rest.partition(" ")
        yield Rows([NUMBER, Column("text", SqlType("nvarchar", 100))], self._numbers(int(count), end))

    def do_numbers(self, count, _):
        """Numbers alone, so many or without end."""
        yield Rows([NUMBER], ((n,) for n in (range(int(count)) if count else itertools.count())))

    def _numbers(self, count, end):
        n = 0
        try:
            while n < count:
                yield n, f"row {n}"
                n += 1
            if end == "fail":
                raise SqlError(8134, "Divide by zero error encountered.")
            if end == "slow":
                self._wait()
        finally:
            self.journal.append(f"rows closed {self.login.application} {n}")

    def do_sleep(self, *_):
        """Run until cancelled."""
        self._wait()
        yield RowCount(None)

    def _wait(self):
        self.journal.append(f"waiting {self.login.application}")
        if self.stop.wait(60):
            self.journal.append(f"cancelled {self.login.application}")
            raise CancelledError

    def do_several(self, *_):
        """Four results, two of them rows."""
        yield one(1)
        yield RowCount(3)
        yield RowCount(None)
        yield one(2)

    def do_fail(self, rest, _):
        """`fail 16`: a refusal of that severity, after a first result."""
        yield one(1)
        raise SqlError(50001, "This was asked for: ünïcödé.", severity=int(rest), state=7, line=3)

    def do_refuse(self, rest, _):
        """A refusal before anything else."""
        raise SqlError(int(rest or 50002), "Refused at once.")

    def do_crash(self, *_):
        """What an engine should never do."""
        raise RuntimeError("the engine has a bug")

    def do_badrow(self, *_):
        """A value that its column cannot hold."""
        yield Rows([Column("n", SqlType("tinyint"))], [(1,), (256,)])

    def do_disconnect(self, *_):
        """A fault on demand."""
        yield one(1)
        raise Disconnect

    def do_journal(self, *_):
        """All that happened so far in sessions of this application name, which is left out."""
        mark = f" {self.login.application}"
        yield Rows([TEXT], [(line.replace(mark, ""),) for line in list(self.journal) if mark in line])

    def do_logged(self, *_):
        """The journal in a message, which a raw client reads with less trouble than rows of text."""
        mark = f" {self.login.application}"
        raise SqlError(0, "\n".join(line.replace(mark, "") for line in list(self.journal) if mark in line), severity=0)

    def do_await(self, line, _):
        """Wait until something has happened, in whichever session."""
        yield Rows([TEXT], [(str(self.journal.wait_for(line)),)])

    def do_whoami(self, *_):
        """What the login said."""
        login = self.login
        yield Rows([TEXT], [(part,) for part in (login.user, login.database, login.application, login.host)])

    def describe_parameters(self, sql):
        """`typed int,nvarchar @P1,@P2`: the types are in the sentence."""
        verb, names, *_ = sql.split()
        if verb != "typed":
            raise SqlError(11501, "The parameters could not be deduced.")
        return {f"@P{place}": ECHOES[name] for place, name in enumerate(names.split(","), 1)}

    def do_typed(self, rest, parameters):
        """As `describe`, and noted."""
        self.journal.append(f"typed {self.login.application} {parameters.declared} {list(parameters.values())}")
        return self.do_describe(rest, parameters)

    def begin(self):
        """Note it."""
        self.journal.append(f"begin {self.login.application}")

    def commit(self):
        """Note it."""
        self.journal.append(f"commit {self.login.application}")

    def rollback(self):
        """Note it."""
        self.journal.append(f"rollback {self.login.application}")

    def cancel(self):
        """Stop `sleep`."""
        self.stop.set()

    def close(self):
        """Note it."""
        self.journal.append(f"close {self.login.application}")


class ScriptedEngine:
    """Lets `loader` in, with one password."""

    def __init__(self):
        self.journal = Journal()

    def login(self, login):
        """Refuse all others."""
        if login.user == "crash":
            raise RuntimeError("the engine has a bug")
        if (login.user, login.password) != ("loader", "Secret1!é"):
            raise SqlError(18456, f"Login failed for user '{login.user}'.", severity=14)
        if login.database not in {"", "pool"}:
            raise SqlError(4060, f'Cannot open database "{login.database}" requested by the login. The login failed.', severity=11)
        return ScriptedSession(login, self.journal)


def main():
    """Serve: `scripted_engine.py <encryption> [<folder with certificate.pem and key.pem>]`."""
    encryption, *folder = sys.argv[1:]
    certificate = Certificate(Path(folder[0]) / "certificate.pem", Path(folder[0]) / "key.pem") if folder else None
    server = TdsServer(ScriptedEngine(), encryption=encryption, certificate=certificate)
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    threading.Thread(target=lambda: (sys.stdin.read(), server.close()), daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
