"""The system procedures that drivers call: they belong to the wire, and end up as SQL in the engine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.tds import datatypes, describe, statements, tokens
from sandbox.tds.reply import FATAL_SEVERITY, Reply
from sandbox.tds.rpc import Call, bound
from sandbox.tds.session import DescribesParameters, Rows, Session, SqlError
from sandbox.tds.tokens import DoneKind, DoneStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sandbox.tds.parameters import Parameter

# FreeTDS asks in a batch what Microsoft's driver asks in a call.
_DATATYPE_INFO = re.compile(
    r"\s*(?:exec(?:ute)?\s+)?(?:\[?sys\]?\.)?sp_datatype_info(?:_(?:90|100))?(?:\s+(?:@data_type\s*=\s*)?(-?\d+)"
    r"(?:\s*,\s*(?:@ODBCVer\s*=\s*)?\d+)?)?\s*;?\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Prepared:
    sql: str
    declaration: str


def catalog_batch(sql: str) -> Rows | None:
    """The result of a batch that is only a call of sp_datatype_info, else None."""
    found = _DATATYPE_INFO.fullmatch(sql)
    return datatypes.datatype_info(int(found[1] or datatypes.ALL_TYPES)) if found else None


class Procedures:
    """One connection's prepared statements, and the calls that make, run and drop them."""

    def __init__(self, session: Session, stopped: statements.Stopped) -> None:
        self._session, self._stopped = session, stopped
        self._prepared: dict[int, _Prepared] = {}
        self._last_handle = 0
        self._known: dict[str, Callable[[Call, Reply], None]] = {
            "sp_executesql": self._execute_sql,
            "sp_prepare": self._prepare,
            "sp_prepexec": self._prepare_and_execute,
            "sp_prepexecrpc": self._prepare_and_call,
            "sp_execute": self._execute,
            "sp_unprepare": self._unprepare,
            "sp_describe_undeclared_parameters": self._describe,
            "sp_datatype_info": self._datatype_info,
            "sp_datatype_info_90": self._datatype_info,
            "sp_datatype_info_100": self._datatype_info,
        }

    def forget(self) -> None:
        """Drop all prepared statements: the connection is handed to another user of a pool."""
        self._prepared.clear()

    def run(self, call: Call, reply: Reply) -> None:
        """Answer one call. A refusal that leaves the connection open ends this call, not those that follow in the message."""
        status = 0
        ending = DoneStatus.FINAL
        try:
            self._find(call)(call, reply)
        except SqlError as refusal:
            if refusal.severity >= FATAL_SEVERITY:
                raise
            reply.add(tokens.error(refusal))
            status, ending = refusal.number, DoneStatus.ERROR
        reply.add(tokens.return_status(status))
        if call.plain_name in {"sp_prepare", "sp_prepexec"}:
            reply.add(tokens.return_int(self._last_handle))
        reply.done(DoneKind.PROCEDURE, ending)

    def _find(self, call: Call) -> Callable[[Call, Reply], None]:
        try:
            return self._known[call.plain_name]
        except KeyError:
            raise SqlError(2812, f"Could not find stored procedure '{call.procedure}'.", state=62) from None

    def _execute_sql(self, call: Call, reply: Reply) -> None:
        self._run_sql(_Prepared(call.text(0), call.text(1)), call.parameters[2:], reply)

    def _prepare(self, call: Call, _: Reply) -> None:
        self._last_handle += 1
        self._prepared[self._last_handle] = _Prepared(call.text(2), call.text(1))

    def _prepare_and_execute(self, call: Call, reply: Reply) -> None:
        self._prepare(call, reply)
        self._run_sql(self._prepared[self._last_handle], call.parameters[3:], reply)

    def _prepare_and_call(self, call: Call, reply: Reply) -> None:
        """`{CALL name(?)}` of ODBC: the procedure's name instead of SQL."""
        called = Call(call.text(1), call.parameters[2:])
        self._find(called)(called, reply)

    def _execute(self, call: Call, reply: Reply) -> None:
        self._run_sql(self._of_handle(call), call.parameters[1:], reply)

    def _unprepare(self, call: Call, _: Reply) -> None:
        self._of_handle(call)
        del self._prepared[self._handle(call)]

    def _datatype_info(self, call: Call, reply: Reply) -> None:
        wanted = call.value(0)
        rows = datatypes.datatype_info(wanted if isinstance(wanted, int) else datatypes.ALL_TYPES)
        statements.write(rows, reply, DoneKind.IN_PROCEDURE, self._stopped)

    def _describe(self, call: Call, reply: Reply) -> None:
        """Drivers that are refused here send values as the client's language has them."""
        if not isinstance(self._session, DescribesParameters):
            raise SqlError(2812, f"Could not find stored procedure '{call.procedure}'.", state=62)
        rows = describe.described(self._session.describe_parameters(call.text(0)))
        statements.write(rows, reply, DoneKind.IN_PROCEDURE, self._stopped)

    def _run_sql(self, prepared: _Prepared, values: Sequence[Parameter], reply: Reply) -> None:
        parameters = bound(prepared.declaration, values)
        statements.execute(self._session, prepared.sql, parameters, reply=reply, kind=DoneKind.IN_PROCEDURE, stopped=self._stopped)

    def _handle(self, call: Call) -> int:
        handle = call.value(0)
        return handle if isinstance(handle, int) else 0

    def _of_handle(self, call: Call) -> _Prepared:
        handle = self._handle(call)
        try:
            return self._prepared[handle]
        except KeyError:
            raise SqlError(8179, f"Could not find prepared statement with handle {handle}.") from None
