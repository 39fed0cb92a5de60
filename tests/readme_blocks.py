"""The commands in Markdown files, told apart by comments that a reader does not see.

Before each block of commands (fenced as `sh`, `bash`, `console`, or indented by four) stands one of

    <!-- runs -->                       tests/docs/test_readme_commands.py runs it; output is compared where the block shows some
    <!-- runs, numbers vary -->         the same, with any number where the block shows one
    <!-- run by tests/.../test_x.py --> another test runs it
    <!-- not run: REASON -->            nobody does, and why

and `<!-- file NAME -->` before a block makes it a file that the commands after it find. A block with lines that begin with `$ ` shows a session: these
lines are the commands, the others what they print; a line `...` there stands for any lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
SHELL = ("sh", "bash", "console", "shell")
BLOCK = re.compile(
    r"(?:^[ ]*(?P<marker><!-- (?:runs|run by|not run:|file)[^\n]*-->)\n\n?)?"
    r"(?:^(?P<fence>[ ]*```)(?P<language>[a-z]*)\n(?P<fenced>.*?)^[ ]*```$|(?<=\n\n)(?P<indented>(?:^    [^\n]*\n+)+)|(?<=-->\n)(?P<after>(?:^    [^\n]*\n+)+))",
    re.DOTALL | re.MULTILINE,
)
NUMBER = re.compile(r"\d[\d,.]*(?<![,.])")


@dataclass(frozen=True)
class Command:
    """One command, and what it is said to print, if that is said."""

    line: str
    shown: str


@dataclass(frozen=True)
class Block:
    """A block of a Markdown file."""

    marker: str
    language: str
    text: str

    @property
    def is_shell(self) -> bool:
        """Whether it holds commands."""
        return self.language in SHELL or (self.language == "indented" and not self.text.startswith("{"))

    @property
    def runs(self) -> bool:
        """Whether test_readme_commands.py is to run it."""
        return self.marker.startswith("runs")

    @property
    def file(self) -> str | None:
        """The file that it is."""
        return self.marker.removeprefix("file ") if self.marker.startswith("file ") else None

    @property
    def commands(self) -> list[Command]:
        """Its commands in order; a line that ends with a backslash goes on in the next."""
        text = self.text.replace("\\\n", "")
        if not text.startswith("$ "):
            return [Command(line, "") for line in text.splitlines() if line.strip()]
        sessions = [part.partition("\n") for part in re.split(r"^\$ ", text, flags=re.MULTILINE) if part]
        return [Command(line, shown.strip("\n")) for line, _, shown in sessions]

    def pattern(self, command: Command) -> re.Pattern[str]:
        """What the command may print."""
        lines = []
        for line in command.shown.splitlines():
            if line.strip() == "...":
                lines.append(r"(?:[^\n]*\n)*?")
            elif "numbers vary" in self.marker:
                lines.append(r"[\d,.]*\d".join(re.escape(part) for part in NUMBER.split(line.rstrip())) + "\n")
            else:
                lines.append(re.escape(line.rstrip()) + "\n")
        return re.compile("".join(lines))


def blocks(path: Path) -> Iterator[Block]:
    """All blocks of a file, in order."""
    for found in BLOCK.finditer(path.read_text(encoding="utf-8")):
        text = found["fenced"] or found["indented"] or found["after"] or ""
        margin = min((len(line) - len(line.lstrip()) for line in text.splitlines() if line.strip()), default=0)
        text = "".join(line[margin:] + "\n" for line in text.rstrip().splitlines())
        marker = (found["marker"] or "").removeprefix("<!-- ").removesuffix(" -->")
        yield Block(marker, found["language"] if found["fence"] else "indented", text)


def markdown_files() -> list[Path]:
    """Every page of the project that a reader may take commands from."""
    pages = [*ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("docs/**/*.md")]
    return sorted(path for path in pages if path.name != "CHANGELOG.md" and not path.parent.name.startswith("."))
