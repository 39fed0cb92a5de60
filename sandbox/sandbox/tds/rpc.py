"""Remote procedure calls: what a client asks for, one or several in a message (MS-TDS 2.2.6.6)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.tds.parameters import Parameter, read_parameter
from sandbox.tds.session import Parameters

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sandbox.tds.reader import Reader

_BY_NUMBER = 0xFFFF
_SEPARATORS = frozenset({0x80, 0xFE, 0xFF})  # before the next call; no parameter's name is that long
# Procedures that are called by number (MS-TDS 2.2.6.6, ProcID).
_NUMBERED = {
    1: "sp_cursor", 2: "sp_cursoropen", 3: "sp_cursorprepare", 4: "sp_cursorexecute", 5: "sp_cursorprepexec", 6: "sp_cursorunprepare",
    7: "sp_cursorfetch", 8: "sp_cursoroption", 9: "sp_cursorclose", 10: "sp_executesql", 11: "sp_prepare", 12: "sp_execute",
    13: "sp_prepexec", 14: "sp_prepexecrpc", 15: "sp_unprepare",
}  # fmt: skip
_DECLARED = re.compile(r"(?:[^,(]|\([^)]*\)?)+")  # cut at the commas that are not within parentheses, which nest in no type


@dataclass(frozen=True, slots=True)
class Call:
    """One call: the procedure as the client wrote it, and its parameters."""

    procedure: str
    parameters: Sequence[Parameter]

    @property
    def plain_name(self) -> str:
        """The procedure's own name, without schema and brackets, in lower case."""
        return self.procedure.rsplit(".", 1)[-1].strip("[]").lower()

    def value(self, place: int) -> object:
        """The parameter at that place, None where there are fewer."""
        return self.parameters[place].value if place < len(self.parameters) else None

    def text(self, place: int) -> str:
        """The parameter at that place as text, empty for NULL."""
        value = self.value(place)
        return "" if value is None else str(value)


def read_calls(reader: Reader) -> Iterator[Call]:
    """All calls of an RPC message, its headers skipped. Raises SqlError for what cannot be read."""
    while reader.more():
        length = reader.u16()
        procedure = _numbered(reader.u16()) if length == _BY_NUMBER else reader.text(length)
        reader.u16()  # options: recompile, no metadata
        parameters = []
        while reader.more() and reader.peek() not in _SEPARATORS:
            parameters.append(read_parameter(reader))
        if reader.more():
            reader.u8()
        yield Call(procedure, parameters)


def bound(declaration: str, parameters: Sequence[Parameter]) -> Parameters:
    """Give values their names: their own, else those of the declaration (`@P1 int, @P2 decimal(38,10) OUTPUT`) in order."""
    declared = dict(_declared(declaration))
    in_order = iter(declared)
    values: dict[str, object] = {}
    for place, parameter in enumerate(parameters, 1):
        by_place = next(in_order, f"@P{place}")
        values[parameter.name or by_place] = parameter.value
    return Parameters(values, declared)


def _numbered(number: int) -> str:
    return _NUMBERED.get(number, f"#{number}")


def _declared(declaration: str) -> Iterator[tuple[str, str]]:
    for part in _DECLARED.findall(declaration):
        name, _, declared = part.strip().partition(" ")
        words = declared.split()
        while words and words[-1].lower() in {"output", "out", "readonly"}:
            words.pop()
        if name:
            yield name, " ".join(words)
