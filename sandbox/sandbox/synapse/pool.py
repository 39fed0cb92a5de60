"""One dedicated SQL pool: its database, its logins, its sessions."""

from __future__ import annotations

import itertools
import secrets
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import duckdb

from sandbox.synapse.catalog import Catalog
from sandbox.synapse.faults import Faults
from sandbox.synapse.loading.blobs import Identities
from sandbox.synapse.locks import TableLocks
from sandbox.synapse.refusals.errors import login_failed, no_database
from sandbox.synapse.requests import KEPT_REQUESTS, RequestLog
from sandbox.synapse.session import PoolSession
from sandbox.synapse.values.conversion import MACROS
from sandbox.synapse.weather import LOGIN_SEVERITY, Weather
from sandbox.tds.session import Login, SqlError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime
    from pathlib import Path

    from sandbox.entra.tokens import Issuer

# Newer than every build whose MERGE is documented to be wrong (10.0.17829.0).
VERSION = "Microsoft Azure SQL Data Warehouse - 10.0.21181.0 Sep  6 2024 03:29:17 Copyright (c) Microsoft Corporation. Sluice sandbox: a stand-in on DuckDB."


SQL_AUDIENCE = "https://database.windows.net"  # for which a token must be (https://learn.microsoft.com/sql/connect/odbc/using-azure-active-directory)
UNNAMED_PRINCIPAL = "<token-identified principal>"  # what the service calls whoever a token names, as users report it


class Pool:
    """What stands behind the wire: `login` gives a session to who may have one.

    Args:
        database: the pool's name; a login must name it.
        users: name to password of the owners, who have every right; names are compared as the default collation does. Others are made by CREATE LOGIN.
        path: a DuckDB file, so that data survive a restart; None keeps everything in memory.
        endpoints: host of a storage account to the URL that answers for it, such as
            `{"stage.blob.core.windows.net": "http://127.0.0.1:10000/devstoreaccount1"}`.
        identities: who may read the storage by a role: the pool's own managed identity, service principals. By default nobody.
        tokens: who signs the access tokens with which users of Entra ID log in; None means that no such login is possible.
        entra_users: the applications and users of Entra ID that have a user in the database.
        quoted_empty: what COPY makes of `""`. It is not documented; `null` is the default, since what is documented (an empty
            field is NULL) names no exception, so a loader that passes here keeps '' apart by itself. `empty` is the other reading.
    """

    def __init__(
        self,
        *,
        database: str,
        users: Mapping[str, str],
        path: Path | None = None,
        endpoints: Mapping[str, str] | None = None,
        identities: Identities | None = None,
        tokens: Issuer | None = None,
        entra_users: Collection[str] = (),
        quoted_empty: Literal["null", "empty"] = "null",
    ) -> None:
        self.database = database
        self._users = {name.lower(): password for name, password in users.items()}
        settings: dict[str, str | bool | int | float | list[str]] = {
            "autoinstall_known_extensions": "false", "autoload_known_extensions": "false", "python_enable_replacements": "false",
        }  # fmt: skip
        self.duck = duckdb.connect(str(path) if path else ":memory:", config=settings)
        for macro in MACROS:
            self.duck.execute(f"CREATE OR REPLACE MACRO {macro}")
        self.duck.execute("SET enable_external_access = false")  # SQL text of a client reads no file and no address
        self.catalog = Catalog(database, self.duck, lasts=path is not None)
        self.endpoints = dict(endpoints or {})
        self.identities = identities or Identities()
        self._tokens, self._entra_users = tokens, entra_users
        self.quoted_empty = quoted_empty
        self.faults = Faults()
        self.weather = Weather()
        self.locks = TableLocks()
        self.requests = RequestLog()
        self._sessions: dict[str, PoolSession] = {}
        self.ended: deque[tuple[str, Login, datetime]] = deque(maxlen=KEPT_REQUESTS)  # id, login and begin of sessions that are closed
        self._numbers = itertools.count(1)

    def login(self, login: Login) -> PoolSession:
        """Open a session. Raises SqlError 18456, 4060, or what a fault asks for (such as 42108, 42109, 40613)."""
        self.weather.meet_login()
        if fault := self.faults.take("login_error", login.user):
            raise SqlError(fault.number, fault.text, severity=fault.severity or LOGIN_SEVERITY)
        login, user = self._known(login)
        # Users live in the pool's database; none of them but the server's administrator, who makes logins there, may open master.
        if login.database.lower() == "master" and user is None and not login.token:
            return self.open(login, in_master=True)
        if login.database.lower() != self.database.lower():
            raise no_database(login.database or "master")
        return self.open(login, user=user)

    def is_owner(self, name: str) -> bool:
        """Whether this is a login that the pool was started with: its users have every right."""
        return name.lower() in self._users

    def _known(self, login: Login) -> tuple[Login, str | None]:
        """The login with its user's name, and its user if that is no owner.

        Raises 18456 for one without a user here, a wrong password, and a token that is not right.
        """
        if login.token:
            subject = self._tokens.subject(login.token, audience=SQL_AUDIENCE) if self._tokens else None
            if subject is None or subject not in self._entra_users:
                raise login_failed(UNNAMED_PRINCIPAL)
            return replace(login, user=subject), None
        expected = self._users.get(login.user.lower())
        if expected is None:
            return login, self.catalog.content.principals.known(login, self.database)
        if not secrets.compare_digest(expected.encode(), login.password.encode()):
            raise login_failed(login.user)
        return login, None

    def open(self, login: Login, *, user: str | None = None, in_master: bool = False, sheltered: bool = False) -> PoolSession:
        """A session without a login's questions, of an owner if no user is named; a sheltered one meets no weather."""
        session = PoolSession(self, login, f"SID{next(self._numbers)}", user=user, in_master=in_master, sheltered=sheltered)
        self._sessions[session.session_id] = session
        return session

    def sessions(self) -> list[PoolSession]:
        """Those that are open, oldest first."""
        return list(self._sessions.values())

    def forget(self, session: PoolSession) -> None:
        """A session has ended."""
        self._sessions.pop(session.session_id, None)
        self.ended.append((session.session_id, session.login, session.opened_utc))

    def close(self) -> None:
        """Let go of the database; what a path was given for is on disk."""
        self.duck.close()
