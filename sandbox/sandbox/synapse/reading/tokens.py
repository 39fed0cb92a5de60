"""T-SQL text in words: the only reader of raw text here, so comments, brackets and N'' strings are understood once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sandbox.synapse.refusals.errors import parse_error

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind = Literal["word", "quoted", "string", "number", "variable", "op"]

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)
      | (?P<string>[Nn]?'(?:[^']|'')*')
      | (?P<quoted>\[(?:[^\]]|\]\])*\]|"(?:[^"]|"")*")
      | (?P<variable>@@?[\w@$\#]+)
      | (?P<number>0[xX][0-9a-fA-F]*|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<word>[^\W\d][\w@$\#]*|\#{1,2}\w+)
      | (?P<op><>|>=|<=|!=|\|\||::|[+\-*/%]=|.)""",
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word of T-SQL, and where it stands in the text."""

    kind: Kind
    text: str
    start: int

    @property
    def end(self) -> int:
        """Where the next character stands."""
        return self.start + len(self.text)

    @property
    def upper(self) -> str:
        """The keyword or sign this may be; nothing that is quoted is a keyword."""
        return self.text.upper() if self.kind in {"word", "op", "variable"} else ""

    @property
    def value(self) -> str:
        """What is meant: a name without its brackets, a string without its quotes."""
        if self.kind == "quoted":
            return self.text[1:-1].replace("]]", "]") if self.text[0] == "[" else self.text[1:-1].replace('""', '"')
        if self.kind == "string":
            return self.text[self.text.index("'") + 1 : -1].replace("''", "'")
        return self.text


def tokens(sql: str) -> list[Token]:
    """Cut a batch into words; white space and comments are dropped. Raises 103010 for a quote that is never closed."""
    found: list[Token] = []
    for match in _TOKEN.finditer(sql):
        kind = match.lastgroup
        if kind == "space":
            continue
        token = Token(kind, match.group(), match.start())  # type: ignore[arg-type]  # the groups are named after Kind
        if token.text in {"'", '"', "["}:
            raise parse_error(sql, token.start, token.text)
        found.append(token)
    return found


class Reader:
    """Walks over words; every refusal names the place, as a pool's parser does."""

    def __init__(self, sql: str, words: Sequence[Token]) -> None:
        self.sql, self.words, self.index = sql, words, 0

    @property
    def done(self) -> bool:
        """Whether every word is read."""
        return self.index >= len(self.words)

    def peek(self, ahead: int = 0) -> Token:
        """The word `ahead` of the next one; an empty operator past the end."""
        place = self.index + ahead
        return self.words[place] if place < len(self.words) else Token("op", "", len(self.sql))

    def sees(self, *wanted: str) -> bool:
        """Whether the next words are these keywords or signs."""
        return all(self.peek(ahead).upper == word for ahead, word in enumerate(wanted))

    def take(self) -> Token:
        """Read one word; refuse at the end."""
        if self.done:
            raise self.refusal()
        self.index += 1
        return self.words[self.index - 1]

    def accept(self, *wanted: str) -> bool:
        """Read these keywords if they come next."""
        if self.sees(*wanted):
            self.index += len(wanted)
            return True
        return False

    def expect(self, *wanted: str) -> None:
        """Read these keywords, or refuse."""
        for word in wanted:
            if not self.accept(word):
                raise self.refusal()

    def end(self) -> None:
        """Refuse what is left over."""
        self.accept(";")
        if not self.done:
            raise self.refusal()

    def refusal(self) -> Exception:
        """The parse error at the next word."""
        near = self.peek()
        return parse_error(self.sql, near.start, near.text)

    def identifier(self) -> str:
        """Read one name."""
        if self.peek().kind not in {"word", "quoted"}:
            raise self.refusal()
        return self.take().value

    def name(self) -> tuple[str, ...]:
        """Read a name of one to three parts; `db..t` has an empty middle."""
        parts = [self.identifier()]
        while self.accept("."):
            parts.append("" if self.sees(".") else self.identifier())
        return tuple(parts)

    def names(self) -> list[tuple[str, ...]]:
        """Read names with commas between them."""
        found = [self.name()]
        while self.accept(","):
            found.append(self.name())
        return found

    def string(self) -> str:
        """Read a string literal."""
        if self.peek().kind != "string":
            raise self.refusal()
        return self.take().value

    def integer(self) -> int:
        """Read a whole number."""
        if not self.peek().text.isdecimal():
            raise self.refusal()
        return int(self.take().text)

    def parenthesised(self) -> Reader:
        """Read `( ... )` and hand back a reader of what is inside."""
        self.expect("(")
        depth, first = 1, self.index
        while depth:
            depth += {"(": 1, ")": -1}.get(self.take().text, 0)
        return Reader(self.sql, self.words[first : self.index - 1])

    def identifiers(self) -> list[str]:
        """Read `(name, name, ...)`."""
        inner = self.parenthesised()
        names = [inner.identifier()]
        while inner.accept(","):
            names.append(inner.identifier())
        inner.end()
        return names

    def nesting(self) -> int:
        """What the next word does to the depth: parentheses nest, and so does CASE ... END, whose WHEN and ELSE are its own."""
        word = self.peek()
        return {"(": 1, ")": -1, "CASE": 1, "END": -1}.get(word.upper, 0)

    def until(self, *stops: str) -> Reader:
        """Read up to one of these keywords outside of parentheses and CASE, or the end."""
        depth, first = 0, self.index
        while not self.done:
            word = self.peek()
            if depth == 0 and word.upper in stops:
                break
            depth += self.nesting()
            self.index += 1
        return Reader(self.sql, self.words[first : self.index])

    def text(self) -> str:
        """The raw text of the words that are left."""
        left = self.words[self.index :]
        return self.sql[left[0].start : left[-1].end] if left else ""
