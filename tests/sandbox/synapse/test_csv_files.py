import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox.synapse.loading.csv_files import ROW, CsvFormat, csv_format, parse_csv
from sandbox.tds.session import SqlError

FIELDS = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=12), st.text('a",\r\n|^#', max_size=8))
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
    parsed = parse_csv(written(rows, quote=quote, delimiter=delimiter, newline=newline), layout, 3)
    assert (rows_of(parsed), parsed.ragged) == (rows, [])


@given(rows=ROWS)
def test_what_pythons_writer_writes_is_read_with_empty_as_null(rows):
    sink = io.StringIO()
    csv.writer(sink, lineterminator="\n").writerows(rows)
    parsed = parse_csv(sink.getvalue(), CsvFormat(), 3)
    assert rows_of(parsed) == [tuple(field or None for field in row) for row in rows]


@given(good=ROWS, place=st.integers(0, 8), bad=st.sampled_from(["a\n", "a,b,c,d\n", '"a",b\n']))
def test_a_row_of_another_length_is_named_and_the_others_are_kept(good, place, bad):
    place = min(place, len(good))
    text = written(good[:place]) + bad + written(good[place:])
    parsed = parse_csv(text, CsvFormat(quoted_empty="empty"), 3)
    assert rows_of(parsed) == good
    assert [row for row, _, _ in parsed.ragged] == [place + 1]
    assert parsed.table[ROW].to_pylist() == [row for row in range(1, len(good) + 2) if row != place + 1]


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
