import csv
import io
from codecs import BOM_UTF8

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sandbox.synapse.loading import csv_files
from sandbox.synapse.loading.csv_files import ROW, CsvFormat, csv_format, parse_csv, unpacked
from sandbox.tds.session import SqlError

FIELDS = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=12), st.text('a",\r\n|^#', max_size=8))
PIECES = st.sampled_from(["", "é", "ab", '""', '"ab"', '"a""b"', '"a,b"', '"\r\n"', '"""é"', 'a"b', '"a"b', "\r"])  # good and bad ones
ROWS = st.lists(st.tuples(FIELDS, FIELDS, FIELDS), min_size=1, max_size=8)


def written(rows, *, quote='"', delimiter=",", newline="\n"):
    """Every text in quotes, NULL as nothing."""
    return "".join(
        delimiter.join("" if field is None else quote + field.replace(quote, quote * 2) + quote for field in row) + newline for row in rows
    )


def rows_of(parsed):
    return [tuple(row[name] for name in ("c1", "c2", "c3")) for row in parsed.table.to_pylist()]


@given(rows=ROWS, quote=st.sampled_from('"^'), delimiter=st.sampled_from([",", "|", "||"]), newline=st.sampled_from(["\n", "\r\n", "##"]))
def test_any_text_comes_back_exactly_whatever_the_signs(rows, quote, delimiter, newline):
    layout = CsvFormat(quote=quote, delimiter=delimiter, newline=newline, quoted_empty="empty")
    parsed = parse_csv(written(rows, quote=quote, delimiter=delimiter, newline=newline).encode(), layout, 3)
    assert (rows_of(parsed), parsed.ragged) == (rows, [])


@given(rows=ROWS)
def test_what_pythons_writer_writes_is_read_with_empty_as_null(rows):
    sink = io.StringIO()
    csv.writer(sink, lineterminator="\n").writerows(rows)
    parsed = parse_csv(sink.getvalue().encode(), CsvFormat(), 3)
    assert rows_of(parsed) == [tuple(field or None for field in row) for row in rows]


@given(good=ROWS, place=st.integers(0, 8), bad=st.sampled_from(["a\n", "a,b,c,d\n", '"a",b\n']))
def test_a_row_of_another_length_is_named_and_the_others_are_kept(good, place, bad):
    place = min(place, len(good))
    text = written(good[:place]) + bad + written(good[place:])
    parsed = parse_csv(text.encode(), CsvFormat(quoted_empty="empty"), 3)
    assert rows_of(parsed) == good
    assert [row for row, _, _ in parsed.ragged] == [place + 1]
    assert parsed.table[ROW].to_pylist() == [row for row in range(1, len(good) + 2) if row != place + 1]


@given(rows=ROWS, block_bytes=st.integers(1, 64))
@example(rows=[("a", "a", "a"), ("\r\n", None, None)], block_bytes=14)  # the first block ends behind the \r
def test_no_row_is_changed_where_a_block_of_the_file_ends(rows, block_bytes):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_files, "_BLOCKS_BYTES", (block_bytes, 1 << 26))
        parsed = parse_csv(written(rows).encode(), CsvFormat(quoted_empty="empty"), 3)
    assert (rows_of(parsed), parsed.table[ROW].to_pylist(), parsed.ragged) == (rows, list(range(1, len(rows) + 1)), [])


@given(
    lines=st.lists(st.lists(PIECES, min_size=2, max_size=3), max_size=6), first_row=st.integers(1, 3), quoted_empty=st.sampled_from(["null", "empty"])
)
def test_any_line_is_cut_into_the_same_fields_as_with_a_long_delimiter(lines, first_row, quoted_empty):
    """Which only our own reader takes, field by field."""
    text = "".join(",".join(pieces) + "\n" for pieces in lines)
    quickly = parse_csv(text.encode(), CsvFormat(first_row=first_row, quoted_empty=quoted_empty), 2)
    slowly = parse_csv(text.replace(",", "||").encode(), CsvFormat(delimiter="||", first_row=first_row, quoted_empty=quoted_empty), 2)
    commas = [
        {name: value.replace("||", ",") if isinstance(value, str) else value for name, value in row.items()} for row in slowly.table.to_pylist()
    ]
    assert quickly.table.to_pylist() == commas
    assert [(row, found, line.rstrip("\r\n")) for row, found, line in quickly.ragged] == [
        (row, found, line.replace("||", ",").rstrip("\r\n")) for row, found, line in slowly.ragged
    ]


def test_only_the_first_mark_of_utf_8_is_left_out():
    parsed = parse_csv(unpacked("x", BOM_UTF8 * 2 + b"a\n", csv_format({}, "null")), CsvFormat(), 1)
    assert parsed.table["c1"].to_pylist() == ["\ufeffa"]


@pytest.mark.parametrize(
    ("data", "reason"), [(b"a,\xff\n", "invalid start byte at byte 2"), (b"a,\xed\xa0\x80\n", "invalid continuation byte at byte 2")]
)
def test_bytes_that_are_no_utf_8_are_refused_with_their_place(data, reason):
    with pytest.raises(SqlError, match=f"the text is not utf-8-sig: {reason}") as caught:
        unpacked("x.csv", data, csv_format({}, "null"))
    assert caught.value.number == 106000


@pytest.mark.parametrize(
    ("options", "signs"),
    [
        ({}, ('"', ",", "\r\n")), ({"ROWTERMINATOR": "\\n"}, ('"', ",", "\r\n")), ({"ROWTERMINATOR": "0x0A"}, ('"', ",", "\n")),
        ({"FIELDTERMINATOR": "0x1F", "FIELDQUOTE": "0x1E"}, ("\x1e", "\x1f", "\r\n")), ({"FIELDTERMINATOR": "\\t"}, ('"', "\t", "\r\n")),
    ],
)  # fmt: skip
def test_signs_are_written_as_themselves_or_in_hexadecimal(options, signs):
    layout = csv_format(options, "null")
    assert (layout.quote, layout.delimiter, layout.newline) == signs


def test_signs_beyond_ascii_are_refused():
    with pytest.raises(SqlError) as caught:
        csv_format({"FIELDTERMINATOR": "0xE9"}, "null")
    assert caught.value.number == 105208
