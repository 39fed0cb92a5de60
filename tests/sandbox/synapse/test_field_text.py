"""Text that looks like a moment: what a quick look takes is what the pattern of its type takes."""

import re
from itertools import permutations

from hypothesis import example, given
from hypothesis import strategies as st
from sandbox.synapse.values.conversion import converted, sql_text
from sandbox.synapse.values.declared import DeclaredType
from sandbox.synapse.values.field_text import misfits, stored_field

CLOCK = r"\d{2}:\d{2}(:\d{2}(\.\d{1,7})?)?"
MOMENT = rf"\d{{4}}-\d{{1,2}}-\d{{1,2}}([ T]{CLOCK})?Z?"
PATTERNS = {
    "date": r"\d{4}-\d{1,2}-\d{1,2}", "datetime2": MOMENT, "datetime": MOMENT, "smalldatetime": MOMENT,
    "datetimeoffset": rf"\d{{4}}-\d{{1,2}}-\d{{1,2}}([ T]{CLOCK})?\s*([+-]\d{{2}}:\d{{2}}|Z)?",
}  # fmt: skip
YEARS = {
    "date": ("-infinity", "infinity"), "datetimeoffset": ("-infinity", "infinity"), "datetime2": ("0001-01-01", "10000-01-01"),
    "datetime": ("1753-01-01", "10000-01-01"), "smalldatetime": ("1900-01-01", "2079-06-06"),
}  # fmt: skip
KINDS = st.sampled_from([DeclaredType(name, scale=scale) for name in PATTERNS for scale in (7, 6, 3, 0)])
ORDERS = st.sampled_from(["".join(letters) for letters in permutations("YMD")])

YEAR = st.sampled_from(["2024", "0000", "0001", "0999", "999", "1752", "1753", "1899", "1900", "2079", "9999", "10000", "-024", "+2024", "\u0662024"])
MONTH = st.sampled_from(["01", "1", "02", "06", "12", "13", "00"])
DAY = st.sampled_from(["01", "1", "06", "29", "30", "31", "32"])
SIGN = st.sampled_from("---/.")
FRACTION = st.sampled_from(["", ".", ".1", ".12345", ".123456", ".000000", ".999999", ".1234567", ".1234569", ".12345678", ".123456789"])
TIME = st.sampled_from(["00:00:00", "24:00:00", "23:59:59", "23:59:60", "3:04:05", "03:04:05", "03:04", "03"])
ZONE = st.sampled_from(["", "", "", "Z", " Z", "+00", "+00:00", " -05:30", " UTC", " BC", " (BC)", " ", "\t", "x"])
PARTS = st.tuples(st.permutations("YMD"), YEAR, MONTH, DAY, SIGN, SIGN, st.sampled_from(["", " ", "T", "  "]), TIME, FRACTION, ZONE)
ALMOST = st.tuples(st.datetimes(), st.integers(0, 26), st.sampled_from(" \t0139-+:./TZx\u0663"), st.integers(0, 2))
WORDS = st.sampled_from(["infinity", "-infinity", "epoch", "now", "today", "", " ", "2024-01-02", "20240102", "0000-00-00 00:00:00.000000"])


def assembled(parts):
    """A date in any order, maybe with a time, a fraction and a zone."""
    order, year, month, day, one, two, between, time, fraction, zone = parts
    named = {"Y": year, "M": month, "D": day}
    first, second, third = (named[letter] for letter in order)
    return first + one + second + two + third + (between + time + fraction if between else "") + zone


def damaged(parts):
    """A moment as it is written, with a character put in the place of up to two others."""
    moment, place, sign, taken = parts
    text = moment.isoformat(" ", "microseconds")
    return text[:place] + sign + text[place + taken :]


TEXTS = st.lists(PARTS.map(assembled) | ALMOST.map(damaged) | st.datetimes().map(lambda one: one.isoformat(" ", "microseconds")) | WORDS, max_size=20)

HARD = [  # what DuckDB takes as a moment of 26 characters, the ends of the years, and dates that one order changes
    "2024-01-02 03:04:05.12345 ", "2024-01-02  3:04:05.123456", "2024-01-02 03:04:05. 12345", "2024-01-02 03:04:05.12 UTC", "2024-01-02 03:04:05.123+00",
    "2024-01-02 03:04:05.000 BC", "2024-01-02T03:04:05.123456", "2024-01-02 03:04:05.12345Z", " 024-01-02 03:04:05.123456", "20240-1-02 03:04:05.123456",
    "0000-01-02 03:04:05.123456", "0001-01-01 00:00:00.000000", "9999-12-31 23:59:59.999999", "9999-12-31 24:00:00.000000", "10000-01-01 00:00:00.00000",
    "10000-01-01 00:00:00.000000", "2079-06-05 23:59:59.999999", "2079-06-06 00:00:00.000000", "2079-06-06", "1899-12-31 23:59:59.999999",
    "2024-05-1 03:04", "2024-05-1", "05-1-2024 03:04:05.123456", "1753-01-01 00:00:00.000000", "1752-12-31 23:59:59.999999",
]  # fmt: skip


def in_order(text, order):
    """The text with its date as year-month-day, unless it is ISO's already."""
    if re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return text
    digits = {"Y": r"(?P<Y>[0-9]{4})", "M": r"(?P<M>[0-9]{1,2})", "D": r"(?P<D>[0-9]{1,2})"}
    return re.sub("^" + "[-/.]".join(digits[letter] for letter in order), r"\g<Y>-\g<M>-\g<D>", text, count=1)


def value_by_pattern(duck, text, kind):
    """What the type makes of a text that its pattern takes and that lies within its years; None for any other."""
    if not re.fullmatch(PATTERNS[kind.name], text, re.ASCII):
        return None
    moment = re.sub(r"\s*(Z|[+-]\d{2}:\d{2})$", "", text) if kind.name == "datetimeoffset" else text
    low, high = YEARS[kind.name]
    within = f"TRY_CAST(? AS TIMESTAMP) >= TIMESTAMP '{low}' AND TRY_CAST(? AS TIMESTAMP) < TIMESTAMP '{high}'"
    if not duck.execute(f"SELECT {within}", [moment, moment]).fetchone()[0]:
        return None
    return duck.execute(f"SELECT CAST({converted(sql_text(text), kind)} AS VARCHAR)").fetchone()[0]


@given(texts=TEXTS, kind=KINDS, order=ORDERS)
@example(texts=HARD, kind=DeclaredType("datetime2", scale=7), order="MDY")
@example(texts=HARD, kind=DeclaredType("datetime"), order="DMY")
@example(texts=HARD, kind=DeclaredType("smalldatetime"), order="YMD")
@example(texts=HARD, kind=DeclaredType("datetimeoffset", scale=7), order="YDM")
@example(texts=HARD, kind=DeclaredType("date"), order="YDM")
def test_a_quick_look_takes_what_the_pattern_takes_and_stores_the_same(duck, texts, kind, order):
    value = f"CASE WHEN NOT {misfits('f', kind, order)} THEN CAST({stored_field('f', kind, order)} AS VARCHAR) END"
    found = duck.execute(f"SELECT {value} FROM (SELECT unnest(?::VARCHAR[]) AS f)", [texts]).fetchall()
    assert list(zip(texts, (row[0] for row in found), strict=True)) == [(text, value_by_pattern(duck, in_order(text, order), kind)) for text in texts]
