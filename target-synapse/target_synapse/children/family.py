"""A stream's child tables in a run: from arrays to lines, one record at a time or a block's Arrow table, with the same lines either way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from target_synapse.children.batch import ChildRows
from target_synapse.children.tree import NoElementError, rows_of
from target_synapse.children.writer import FamilyWriter
from target_synapse.rows.parts import BatchWriter
from target_synapse.rows.records import RefusedRowError, RowWriter
from target_synapse.staging.formats import Layout, staged
from target_synapse.tables.naming import SOURCE_ROW_COLUMN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pyarrow as pa

    from target_synapse.children.tables import ChildTable
    from target_synapse.children.tree import Branch, Row
    from target_synapse.sql.ddl import Column
    from target_synapse.staging.formats import Format
    from target_synapse.ways import Store, Way

ChildLine = tuple[int, bytes]  # the number of a child table, and what a row of it says


@dataclass(frozen=True, slots=True)
class _Lines:
    """What makes the lines of one child table."""

    number: int
    child: ChildTable
    rows: RowWriter
    columns: Sequence[Column]

    def line(self, row: Row, place: int) -> bytes:
        """What the row says, whose record has this place. Raises RefusedRowError."""
        names = self.child.names
        values: dict[str, Any] = {names[name]: value for name, value in row.values.items() if name in names}
        values[SOURCE_ROW_COLUMN] = place
        values |= {column.name: at for column, at in zip(self.child.levels, row.places, strict=True)}
        try:
            return self.rows.line(values, 0)[0]
        except RefusedRowError as error:
            raise RefusedRowError(error.code, f"{row}: {error}", ".".join(filter(None, (str(row), error.field)))) from None


class Family:
    """The child tables of a stream, with one schema, and those it had. `truncated` is told of texts that are cut."""

    def __init__(
        self,
        children: Sequence[ChildTable],
        way: Way,
        form: Format,
        files: int,
        *,
        truncated: Callable[[str], None] | None = None,
        former: Sequence[ChildTable] = (),
    ) -> None:
        self.children, self.former = children, former
        self._way, self._form, self._files, self._truncated = way, form, files, truncated
        self._lines: dict[tuple[str, ...], _Lines] = {}
        for number, child in enumerate(children):
            told = None if truncated is None else _told(truncated, child)
            rows = RowWriter(way.carried(child.staged), truncated=told, also_content=child.staged.columns)
            columns = staged([child.staged.columns[name] for name in rows.properties], form)
            self._lines[child.branch.path] = _Lines(number, child, rows, columns)
        self._numbered = list(self._lines.values())

    @property
    def branches(self) -> list[Branch]:
        """The arrays of the stream's own properties."""
        return [child.branch for child in self.children if child.branch.depth == 1]

    def lines(self, record: Mapping[str, Any], place: int) -> list[ChildLine]:
        """The rows in a record's arrays. Raises RefusedRowError."""
        return list(self._made(record, place)) if self.children else []

    def _made(self, record: Mapping[str, Any], place: int) -> Iterator[ChildLine]:
        try:
            for row in rows_of(self.branches, record):
                lines = self._lines[row.branch.path]
                yield lines.number, lines.line(row, place)
        except NoElementError as error:
            raise RefusedRowError("BAD_VALUE", str(error)) from None

    def lines_of_table(self, table: pa.Table, place: int) -> tuple[dict[int, list[ChildLine]], list[int]]:
        """The rows in the arrays of a table whose first row has this place, by row, and the rows that must go one by one.

        Only rows with elements are looked at in Python.
        """
        from target_synapse.children.arrays import elements  # noqa: PLC0415 - Arrow: not for `--version`

        made: dict[int, list[ChildLine]] = {}
        found, refused = elements(table, [branch.path[0] for branch in self.branches])
        for row, values in sorted(found.items()):
            try:
                made[row] = self.lines(values, place + row)
            except RefusedRowError:
                refused.add(row)
        return made, sorted(refused)

    def writer(self, store: Store, folder: str, **options: Any) -> FamilyWriter:
        """What writes a batch of the stream's rows, with those of its child tables."""

        def new_child(number: int) -> BatchWriter:
            layout = Layout(self._form, self._numbered[number].columns, self._files)
            return BatchWriter(store, f"{folder}-child-{number}", layout=layout, written=self._way.written)

        return FamilyWriter(store, folder, new_child=new_child, written=self._way.written, **options)

    def in_place(self) -> Family:
        """The same in the tables that readers see, where until now others were loaded that have taken their place."""
        children, former = (
            [replace(child, plan=replace(child.plan, table=child.branch.table)) for child in some] for some in (self.children, self.former)
        )
        return Family(children, self._way, self._form, self._files, truncated=self._truncated, former=former)

    def rows(self, writer: FamilyWriter) -> list[ChildRows]:
        """The rows of all child tables in a batch that is written."""
        found = []
        for lines in self._numbered:
            own = writer.children.get(lines.number)
            found.append(ChildRows(lines.child, lines.columns, own.paths if own else (), own.rows if own else 0))
        return found


def _told(truncated: Callable[[str], None], child: ChildTable) -> Callable[[str], None]:
    return lambda name: truncated(f"{child.branch}.{name}")
