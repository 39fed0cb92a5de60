"""Settings of tables that do not fit together, for all streams or for some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_commons.misfits import Misfit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def table_misfits(settings: Mapping[str, Any]) -> Iterator[Misfit]:
    """What no table can be, with the pattern of the streams for which it is asked."""
    yield from _misfits(settings, settings)
    for pattern, options in (settings.get("stream_options") or {}).items():
        merged = {**settings, **options}
        for one in _misfits(merged, options):
            yield Misfit(tuple(f"stream_options.{pattern}.{name}" if name in options else name for name in one.settings), one.text)


def _misfits(merged: Mapping[str, Any], named: Mapping[str, Any]) -> Iterator[Misfit]:
    """Misfits of the merged settings in which one of the `named` takes part."""
    for names, text in (*_rules(merged), *_rules_of_load_methods(merged)):
        if any(name in named for name in names):
            yield Misfit(names, text)


def _rules(settings: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    distribution, index = settings.get("table_distribution"), settings.get("table_index")
    if settings.get("distribution_columns") and distribution in ("round_robin", "replicate"):
        yield ("table_distribution", "distribution_columns"), f"rows that go {distribution} are distributed by no column; expected `hash` or `auto`"
    if settings.get("index_columns") and index not in ("columnstore", "clustered"):
        yield ("table_index", "index_columns"), f"columns are of a `columnstore` or `clustered` index, found {index or 'auto'}"
    if settings.get("string_length") == "heap" and index == "columnstore":
        yield ("string_length", "table_index"), "a columnstore holds no text over 4,000 characters; expected another of the two"
    for name in ("distribution_columns", "index_columns"):
        columns = settings.get(name) or ()
        if len(set(columns)) < len(columns):
            yield (name,), "expected each property once"
    partition = settings.get("table_partition") or {}
    values = partition.get("values") or ()
    if partition and not (partition.get("column") and values):
        yield ("table_partition",), "expected `column` and `values`"
    if len(set(map(str, values))) < len(values):
        yield ("table_partition",), "expected each boundary once"


def _rules_of_load_methods(settings: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    if settings.get("primary_key") == "not_enforced" and settings.get("load_method") in ("append-only", "history"):
        yield (
            ("primary_key", "load_method"),
            "rows that are kept beside each other share a key, and a key that is declared and not kept makes queries wrong",
        )
    if settings.get("nested_data") == "child_tables":
        yield from _rules_of_child_tables(settings)


def _rules_of_child_tables(settings: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    if settings.get("load_method") == "history":
        yield (
            ("nested_data", "load_method"),
            "a record has no version for a change in its elements alone; expected `json`, which keeps them in each version, or another `load_method`",
        )
    if settings.get("copy_max_errors"):
        yield ("nested_data", "copy_max_errors"), "a record whose elements were refused would be loaded without them; expected one of the two"
