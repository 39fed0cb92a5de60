"""CSV as COPY reads it: RFC 4180 with any quote, field and row terminator; every field stays text, `""` apart from nothing."""

from __future__ import annotations

import gzip
import re
import sys
import zlib
from codecs import BOM_UTF8
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from sandbox.synapse.refusals import load_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROW: Final = "row number in file"  # a column of the result that no file can name
_BLOCKS_BYTES: Final = (1 << 22, 1 << 26)  # of pyarrow's reader; a row has to fit into one
_ONE_BLOCK_BYTES: Final = 1 << 30  # pyarrow takes no block of 2 GiB


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """How the files are written."""

    quote: str = '"'
    delimiter: str = ","
    newline: str = "\n"
    first_row: int = 1
    encoding: str = "utf-8"
    compression: str = ""
    quoted_empty: Literal["null", "empty"] = "null"


@dataclass(slots=True)
class Parsed:
    """A file's rows as text columns, and the rows that have another number of fields: (row, fields, line)."""

    table: pa.Table
    ragged: list[tuple[int, int, str]] = field(default_factory=list)


def csv_format(options: Mapping[str, str], quoted_empty: Literal["null", "empty"]) -> CsvFormat:
    r"""Read COPY's options. Raises 105208 for what COPY does not take.

    ROWTERMINATOR '\n' means '\r\n', as the documentation says; '0x0A' is a line feed alone. Without one, lines end in \r\n.
    """
    row = _sign("ROWTERMINATOR", options.get("ROWTERMINATOR", "\\r\\n"))
    quote = _sign("FIELDQUOTE", options.get("FIELDQUOTE", '"'))
    if len(quote) > 1:
        raise load_errors.copy_option("FIELDQUOTE", "is longer than one character")
    if options.get("COMPRESSION", "NONE") not in {"NONE", "GZIP"}:
        raise load_errors.copy_option("COMPRESSION", f"('{options['COMPRESSION']}') does not go with FILE_TYPE 'CSV'")
    return CsvFormat(
        quote=quote,
        delimiter=_sign("FIELDTERMINATOR", options.get("FIELDTERMINATOR", ",")),
        newline="\r\n" if options.get("ROWTERMINATOR") in {"\\n", "\n"} else row,
        first_row=max(int(options.get("FIRSTROW", "1")), 1),
        encoding={"UTF8": "utf-8-sig", "UTF16": "utf-16"}[options.get("ENCODING", "UTF8")],
        compression=options.get("COMPRESSION", ""),
        quoted_empty=quoted_empty,
    )


def _sign(option: str, text: str) -> str:
    if not text:
        raise load_errors.copy_option(option, "is empty")
    if text.lower().startswith("0x"):
        try:
            return bytes.fromhex(text[2:].rjust(len(text[2:]) + len(text[2:]) % 2, "0")).decode("ascii")
        except ValueError as error:
            raise load_errors.copy_option(option, f"('{text}') is no hexadecimal text of ASCII characters") from error
    return text.replace("\\r", "\r").replace("\\n", "\n").replace("\\t", "\t")


def unpacked(name: str, data: bytes, layout: CsvFormat) -> bytes:
    """The file's text in UTF-8, without its mark. Raises 106000 for a broken gzip and for bytes that are not of the encoding."""
    try:
        if layout.compression == "GZIP" or (not layout.compression and name.endswith(".gz")):
            data = gzip.decompress(data)
        if layout.encoding == "utf-8-sig" and _is_utf8(data):
            return data.removeprefix(BOM_UTF8)
        return data.decode(layout.encoding).encode()
    except (OSError, EOFError, zlib.error) as error:
        raise load_errors.copy_unreadable(name, f"the gzip stream is not valid: {error}") from error
    except UnicodeDecodeError as error:
        raise load_errors.copy_unreadable(name, f"the text is not {layout.encoding}: {error.reason} at byte {error.start}") from error


def _is_utf8(data: bytes) -> bool:
    """Whether pyarrow finds the bytes to be UTF-8, which takes it a seventh of the CPU of Python's decoder (3.12, pyarrow 26)."""
    ends = pa.py_buffer(bytes(8) + len(data).to_bytes(8, sys.byteorder))
    try:
        pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(data)]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def parse_csv(data: bytes, layout: CsvFormat, fields: int) -> Parsed:
    """Cut a file's UTF-8 into `fields` text columns c1, c2, ... and its row numbers; an empty field is NULL."""
    return (_parse_quickly(data, layout, fields) if _is_simple(data, layout) else None) or _parse_carefully(data.decode(), layout, fields)


def _is_simple(data: bytes, layout: CsvFormat) -> bool:
    r"""Whether pyarrow cuts the file as COPY does.

    pyarrow ends a line at any \r or \n, so it may only read what has no other line break outside of quotes. It leaves out a mark of UTF-8.
    """
    if len(layout.delimiter) != 1 or layout.newline != "\n" or not (layout.quote + layout.delimiter).isascii() or data.startswith(BOM_UTF8):
        return False
    quote = layout.quote.encode()
    if re.search(rb"[^\n]", data) is None or not (quote not in data or _well_quoted(data, quote, layout.delimiter.encode())):
        return False
    return b"\r" not in data or b"\r" not in b"".join(data.split(quote)[::2])


def _well_quoted(data: bytes, quote: bytes, delimiter: bytes) -> bool:
    """Whether quotes come in pairs and none stands between two characters of data; pyarrow would let such a field pass."""
    signs = pa.Array.from_buffers(pa.uint8(), len(data), [None, pa.py_buffer(data)])
    quotes = pc.equal(signs, pa.scalar(quote[0], pa.uint8()))
    if quotes.true_count % 2:
        return False
    suspects, beside = quotes[1:-1], quotes
    for sign in (delimiter, b"\n"):
        suspects = pc.and_not(suspects, pc.or_(beside[:-2], beside[2:]))
        if not suspects.true_count:
            return True
        beside = pc.equal(signs, pa.scalar(sign[0], pa.uint8()))
    return not pc.and_not(suspects, pc.or_(beside[:-2], beside[2:])).true_count


def _numbered(columns: list[pa.Array], rows: pa.Array) -> pa.Table:
    return pa.Table.from_arrays([*columns, rows], names=[*(f"c{number + 1}" for number in range(len(columns))), ROW])


def _parse_quickly(data: bytes, layout: CsvFormat, fields: int) -> Parsed | None:
    r"""What pyarrow reads, in small blocks that the processor's caches hold, or in large ones where a row is long; None where it cannot.

    Where a block ends between \r and \n, its reader loses the \n, even inside of quotes (pyarrow 26): a file with \r is one block.
    """
    for block_bytes in _BLOCKS_BYTES if b"\r" not in data else (len(data) + 1,) if len(data) < _ONE_BLOCK_BYTES else ():
        ragged: list[tuple[int, int, str]] = []
        try:
            table = _read(data, layout, fields, ragged, block_bytes)
        except pa.ArrowInvalid:
            continue
        if all(number for number, _, _ in ragged):
            return _with_numbers(table, layout, ragged)
    return None


def _read(data: bytes, layout: CsvFormat, fields: int, ragged: list[tuple[int, int, str]], block_bytes: int) -> pa.Table:
    names = [f"c{number + 1}" for number in range(fields)]

    def note(row: csv.InvalidRow) -> str:
        ragged.append((row.number or 0, row.actual_columns, row.text))
        return "skip"

    return csv.read_csv(
        pa.BufferReader(data),
        csv.ReadOptions(column_names=names, use_threads=False, block_size=block_bytes),  # one thread, so that a bad row is given its number
        csv.ParseOptions(delimiter=layout.delimiter, quote_char=layout.quote, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=note),
        csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""],
            quoted_strings_can_be_null=layout.quoted_empty == "null",
        ),
    )  # fmt: skip


def _with_numbers(table: pa.Table, layout: CsvFormat, ragged: list[tuple[int, int, str]]) -> Parsed:
    numbers = pc.cumulative_sum(pa.repeat(pa.scalar(1, pa.int64()), table.num_rows + len(ragged)))
    if ragged:
        numbers = numbers.filter(pc.invert(pc.is_in(numbers, pa.array([number for number, _, _ in ragged], pa.int64()))))
    whole = table.append_column(ROW, numbers)
    if layout.first_row > 1:
        whole = whole.slice(0, 0) if whole.num_rows == 0 else whole.filter(pc.greater_equal(whole[ROW], layout.first_row))
        ragged = [entry for entry in ragged if entry[0] >= layout.first_row]
    return Parsed(whole, ragged)


def _parse_carefully(text: str, layout: CsvFormat, fields: int) -> Parsed:
    """Field by field, for terminators of several characters and line breaks of other kinds."""
    quote, delimiter, newline = (re.escape(sign) for sign in (layout.quote, layout.delimiter, layout.newline))
    pattern = re.compile(
        rf"(?:{quote}((?:[^{quote}]|{quote}{quote})*){quote}|(?!{quote})((?:(?!{delimiter}|{newline}).)*))({delimiter}|{newline}|\Z)", re.DOTALL
    )
    columns: list[list[str | None]] = [[] for _ in range(fields)]
    numbers: list[int] = []
    ragged: list[tuple[int, int, str]] = []
    row: list[str | None] = []
    place, number, start = 0, 1, 0
    while place < len(text):
        found = pattern.match(text, place)
        if found is None:  # characters behind a closing quote: the row is not CSV
            end = text.find(layout.newline, place)
            place = len(text) if end < 0 else end + len(layout.newline)
            ragged.append((number, len(row), text[start:place]))
            row, number, start = [], number + 1, place
            continue
        quoted, plain, stop = found.group(1), found.group(2), found.group(3)
        value = quoted.replace(layout.quote * 2, layout.quote) if quoted is not None else plain
        row.append(value if value or (quoted is not None and layout.quoted_empty == "empty") else None)
        place = found.end()
        if stop == layout.delimiter and place < len(text):
            continue
        if stop == layout.delimiter:
            row.append(None)  # the file ends behind a delimiter
        if number >= layout.first_row:
            if len(row) == fields:
                numbers.append(number)
                for column, entry in zip(columns, row, strict=True):
                    column.append(entry)
            else:
                ragged.append((number, len(row), text[start:place]))
        row, number, start = [], number + 1, place
    return Parsed(_numbered([pa.array(column, pa.string()) for column in columns], pa.array(numbers, pa.int64())), ragged)


def count_fields(data: bytes, layout: CsvFormat) -> int:
    """How many fields the first row has."""
    quote, delimiter, newline = layout.quote.encode(), layout.delimiter.encode(), layout.newline.encode()
    quoted, count, place = False, 1, 0
    while place < len(data):
        if data.startswith(quote, place):
            quoted = not quoted
        elif not quoted and data.startswith(newline, place):
            break
        elif not quoted and data.startswith(delimiter, place):
            count += 1
            place += len(delimiter) - 1
        place += 1
    return count


def write_row(fields: Iterable[str | None], layout: CsvFormat) -> str:
    """One row as text again."""
    quote = layout.quote
    return layout.delimiter.join("" if field is None else quote + field.replace(quote, quote * 2) + quote for field in fields)
