# ruff: noqa: DTZ001  # datetime2 has no zone
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox.synapse.reading.batch import read_batch
from sandbox.synapse.reading.tokens import tokens
from sandbox.synapse.values.conversion import converted
from sandbox.synapse.values.declared import DeclaredType


def one(duck, expression, value):
    return duck.execute(f"SELECT {expression}", [value]).fetchone()[0]


def utf16(text):
    return len(text.encode("utf-16-le")) // 2


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20) | st.text(
    "aé\uffff\U00010000\U0010ffff", max_size=20
)


@given(text=TEXT)
def test_lengths_count_utf16_units(duck, text):
    assert one(duck, "utf16(?)", text) == utf16(text)


@given(text=TEXT, length=st.integers(1, 20))
def test_a_cast_cuts_to_so_many_units_and_never_through_a_pair(duck, text, length):
    cut = one(duck, converted("CAST(? AS VARCHAR)", DeclaredType("nvarchar", length)), text)
    assert text.startswith(cut)
    assert utf16(cut) <= length
    assert cut == text or utf16(text[: len(cut) + 1]) > length


@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20))
def test_varchar_keeps_what_code_page_1252_holds(duck, text):
    kept = text.encode("cp1252", "replace").decode("cp1252")
    assert one(duck, converted("CAST(? AS VARCHAR)", DeclaredType("varchar", None)), text) == kept


@given(moment=st.datetimes(datetime(1753, 1, 2), datetime(9999, 12, 30)), scale=st.integers(0, 6))
def test_datetime2_rounds_half_up_to_its_scale(duck, moment, scale):
    found = one(duck, converted("CAST(? AS TIMESTAMP)", DeclaredType("datetime2", scale=scale)), moment)
    seconds = Decimal(moment.second) + Decimal(moment.microsecond) / 1_000_000
    rounded = seconds.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    assert Decimal(str((found - moment.replace(second=0, microsecond=0)).total_seconds())).quantize(Decimal("0.000001")) == rounded


@given(moment=st.datetimes(datetime(1753, 1, 2), datetime(9999, 12, 30)))
def test_datetime_falls_on_three_hundredths_of_a_second(duck, moment):
    found = one(duck, converted("CAST(? AS TIMESTAMP)", DeclaredType("datetime")), moment)
    assert found.microsecond // 1000 % 10 in {0, 3, 7}
    assert abs((found - moment).total_seconds()) <= 0.0021


@given(text=TEXT.filter(lambda text: "]" not in text))
def test_names_and_strings_are_read_back_as_written(text):
    name, value = f"[{text}]", f"N'{text.replace(chr(39), chr(39) * 2)}'"
    assert [token.value for token in tokens(f"{name} {value} /* {name[1:-1].replace('*', '')} */ -- {value.splitlines()[0]}")][:2] == [text, text]


@pytest.mark.parametrize(
    ("batch", "kinds"),
    [
        ("SELECT 1 SELECT 2;;SELECT 3", ["Query"] * 3),
        ("BEGIN TRAN DELETE FROM a INSERT INTO a SELECT 1 UNION ALL SELECT 2 UPDATE a SET b = 1 COMMIT", ["Transaction", "Delete", "Insert", "Update", "Transaction"]),
        ("ALTER TABLE a ALTER COLUMN b int DROP TABLE a", ["AlterColumn", "DropTable"]),
        ("CREATE TABLE a WITH (HEAP) AS SELECT 1 AS x SELECT 2", ["CreateTable", "Query"]),
        ("WITH q AS (SELECT 1 AS a) SELECT a FROM q UPDATE STATISTICS t", ["Query", "Statistics"]),
        ("IF 1 = 1 SELECT 1 ELSE SELECT 2 SELECT 3", ["If", "Query"]),
        ("SELECT CASE WHEN 1 = 1 THEN 1 ELSE 2 END, [select], 'insert' FROM t -- delete", ["Query"]),
    ],
)  # fmt: skip
def test_a_batch_falls_into_its_statements(batch, kinds):
    assert [type(statement.command).__name__ for statement in read_batch(batch)] == kinds


def test_hexadecimal_digits_are_bytes_in_the_styles_of_bytes(client):
    assert client.run("SELECT CONVERT(varbinary(max), N'00FFab', 2), CONVERT(varbinary(2), '0x00FFab', 1), CONVERT(varbinary(9), N'', 2)") == [
        (b"\x00\xff\xab", b"\x00\xff", b"")
    ]
    assert [client.refused(f"SELECT CONVERT(varbinary(9), {text})") for text in ("N'0', 2", "N'0xAA', 2", "N'xy', 1")] == [8114, 8114, 8114]
