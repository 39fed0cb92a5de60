"""A batch of a stream's rows, and beside it the rows of its child tables: each in parts of its own."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from target_synapse.rows.parts import BatchWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from target_synapse.children.family import ChildLine


class FamilyWriter(BatchWriter):
    """Writes the rows of a batch. `new_child` makes the writer of the child table of a number, when its first row comes."""

    def __init__(self, *parts: Any, new_child: Callable[[int], BatchWriter], **options: Any) -> None:
        super().__init__(*parts, **options)
        self.children: dict[int, BatchWriter] = {}
        self._new_child = new_child

    def add_children(self, lines: Iterable[ChildLine]) -> None:
        """Append rows of child tables: the number of the table, and what the row says."""
        for number, content in lines:
            if (writer := self.children.get(number)) is None:
                writer = self.children[number] = self._new_child(number)
            writer.place += 1
            writer.add(content, b"%d\n" % writer.place)

    def finish(self) -> str:
        """See BatchWriter. The hash is of the rows of all tables: rows that differ in an element are other rows."""
        if self.content:
            return self.content
        contents = [f"{number} {writer.finish()}" for number, writer in sorted(self.children.items())]
        own = super().finish()
        if contents:
            self.content = hashlib.sha256("\n".join([own, *contents]).encode()).hexdigest()
        return self.content

    def abandon(self) -> None:
        """See BatchWriter."""
        super().abandon()
        for writer in self.children.values():
            writer.abandon()

    @property
    def every_path(self) -> list[str]:
        """The parts of all tables."""
        return [*self.paths, *(path for writer in self.children.values() for path in writer.paths)]

    @property
    def bytes_of_lines(self) -> int:
        """Those of all tables, before they are packed."""
        return self.line_bytes + sum(writer.line_bytes for writer in self.children.values())
