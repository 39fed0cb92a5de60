"""CONVERT with a style [sql/t-sql/functions/cast-and-convert-transact-sql]: of the styles, those of bytes."""

from __future__ import annotations

from typing import Final

import sqlglot
from sqlglot import exp

from sandbox.synapse.values.conversion import sql_text
from sandbox.synapse.values.inference import type_of_node

_DIGITS: Final = {"1": r"0[xX]([0-9A-Fa-f]{2})*", "2": "([0-9A-Fa-f]{2})*"}


def hexadecimal(node: exp.Convert) -> exp.Expr | None:
    """Text of hexadecimal digits as bytes, with 0x before them in style 1, without it in style 2; None for any other CONVERT. What is too long is cut.

    Same page, "Binary styles": an odd number of digits, or any other character, is an error.
    """
    style, kind = node.args.get("style"), type_of_node(node.this)
    if style is None or style.name not in _DIGITS or not kind.is_binary:
        return None
    text = node.expression.sql("duckdb")
    # from_hex('?') is the error: DuckDB takes error() for volatile, and volatile expressions in no PARTITION BY.
    digits = f"regexp_replace({text}, '^0[xX]', '')"
    if kind.length is not None:
        digits = f"left({digits}, {2 * kind.length})"
    made = f"CASE WHEN {text} IS NULL THEN NULL WHEN regexp_full_match({text}, {sql_text(_DIGITS[style.name])}) THEN from_hex({digits}) ELSE from_hex('?') END"
    return sqlglot.parse_one(made, read="duckdb")
