"""What `--check` tries: the connection, whether it may only read, and each model: its columns, and its iterator's type. No row is read."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from singer_commons.checking import Check
from singer_commons.errors import ConfigurationError, SuiteError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from singer_commons.checking import Checks

    from tap_warehouse.model import Model
    from tap_warehouse.warehouse import Warehouse


def checks(name: str, connected: Callable[[], Warehouse], models: Sequence[Model]) -> Checks:
    """The connection first: without it nothing else can be asked. `connected` connects at its first call."""

    def connection() -> str:
        return f"connected; its clock says {connected().clock():%Y-%m-%d %H:%M:%S} UTC"

    def read_only() -> str:
        if not connected().is_read_only():
            raise SuiteError("the warehouse would let this connection write", hint="use a role that may only read")
        tables = connected().writable_tables()
        might = f"; but the role may write to {tables} table{'' if tables == 1 else 's'}: one that may only read is safer" if tables else ""
        return f"the connection is read-only{might}"

    if not (yield Check(name, "connection", connection)):
        return
    yield Check(name, "read-only", read_only)
    for model in models:
        yield Check(name, f"model `{model.name}`", partial(_model, connected, model))


def _model(connected: Callable[[], Warehouse], model: Model) -> str:
    warehouse = connected()
    columns = warehouse.columns(model.sql)
    if wrong := model.problems_with(columns, tells_case=warehouse.tells_case):
        raise ConfigurationError([one.removeprefix(f"model `{model.name}` ") for one in wrong], hint="correct the model in `models`")
    iterator = model.iterator(columns)
    by = f"; incremental by {iterator.column} ({iterator.kind})" if iterator else "; full each time"
    return f"model `{model.name}`: {', '.join(f'{one.name} {one.sql_type}' for one in columns)}{by}"
