"""Objects as columns beside child tables: `flattening_enabled` with `nested_data: child_tables`.

The SDK's flattening makes text of arrays before a sink sees them. So streams with child tables are flattened here, by the same settings and with the same
names, arrays within objects are child tables, and objects within elements are flattened, too. Another difference: what may be an object or something else
stays JSON text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from singer_commons.errors import ConfigurationError
from singer_sdk.helpers._flattening import FlatteningOptions, flatten_key, get_flattening_options
from singer_sdk.mapper import PluginMapper, RemoveRecordTransform

from target_synapse.rows.records import RefusedRowError
from target_synapse.rows.types import alternatives, json_types
from target_synapse.settings.of_streams import stream_config

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping, Sequence

NONE = FlatteningOptions(enabled=False)


@dataclass(slots=True)
class Flat:
    """Properties in which objects have become theirs: `properties` are the schemas by their new names, `_inner` what becomes of each old one."""

    properties: dict[str, Any] = field(default_factory=dict)
    _inner: dict[str, str | Flat] = field(default_factory=dict)
    is_same: bool = True

    def values(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """The values by their new names. Raises RefusedRowError where an object is to be, and is not."""
        return values if self.is_same else dict(self._pairs(values))

    def _pairs(self, values: Mapping[str, Any]) -> Sequence[tuple[str, Any]]:
        pairs: list[tuple[str, Any]] = []
        for name, value in values.items():
            inner = self._inner.get(name)  # None: the schema does not name it, so it has no column
            if isinstance(inner, str):
                pairs.append((inner, value))
            elif inner is not None and isinstance(value, dict):
                pairs += inner._pairs(value)  # noqa: SLF001 - its own kind
            elif inner is not None and value is not None:
                raise RefusedRowError("BAD_VALUE", f"{name} is no object", name)
        return pairs


def flat_of(properties: Mapping[str, Any], options: FlatteningOptions) -> Flat:
    """The properties with objects flattened, as deep as the options say. Raises ConfigurationError if two would have one name."""
    if not options.enabled or options.max_level < 1:
        return Flat(dict(properties))
    return _flat(properties, options, [], {})


def options_of(config: Mapping[str, Any]) -> FlatteningOptions:
    """How the elements and rows of a stream are flattened here; `config` holds for it."""
    return get_flattening_options(config) if is_flattened_here(config) else NONE  # type: ignore[arg-type]  # a TypedDict of a few of the settings


def is_flattened_here(config: Mapping[str, Any]) -> bool:
    """Whether it is here that the stream is flattened, and not in the SDK; `config` holds for it."""
    return bool(config.get("flattening_enabled")) and config.get("nested_data") == "child_tables"


def _flat(properties: Mapping[str, Any], options: FlatteningOptions, above: list[str], made: dict[str, Any]) -> Flat:
    flat = Flat(made)
    for name, schema in properties.items():
        if len(above) < options.max_level and (inner := _object(schema)) is not None:
            flat._inner[name] = _flat(inner, options, [*above, name], made)  # noqa: SLF001 - made here
            continue
        new = flatten_key(name, above, options.separator, max_key_length=options.max_key_length)
        if new in made:
            raise ConfigurationError(f"flattening would make two columns of the name {new}", hint="set another `flattening_separator`")
        made[new] = schema
        flat._inner[name] = new  # noqa: SLF001 - made here
    flat.is_same = not above and all(name == new for name, new in flat._inner.items())  # noqa: SLF001 - made here
    return flat


def _object(schema: object) -> Mapping[str, Any] | None:
    """The properties of what is an object, or null, and nothing else."""
    if not isinstance(schema, dict) or json_types(schema) != {"object"}:
        return None
    parts = alternatives(schema)
    named = parts[0].get("properties") if len(parts) == 1 else None
    return named if isinstance(named, dict) and named else None


class Mapper(PluginMapper):
    """The SDK's stream maps, without its flattening for streams that are flattened here."""

    def __init__(self, plugin_config: dict[str, Any], logger: logging.Logger) -> None:
        super().__init__(plugin_config=plugin_config, logger=logger)
        self._config = plugin_config

    def register_raw_stream_schema(self, stream_name: str, schema: dict[str, Any], key_properties: Sequence[str] | None) -> None:
        """See PluginMapper. Raises ConfigurationError if one stream becomes several of which some have child tables."""
        super().register_raw_stream_schema(stream_name, schema, key_properties)
        options, maps = self.flattening_options, self.stream_maps[stream_name]
        names = [one.stream_alias for one in maps if not isinstance(one, RemoveRecordTransform)]
        here = [name for name in names if is_flattened_here(stream_config(self._config, name))]
        if not (here and maps[0].flattening_enabled):
            return
        if len(here) < len(names):
            raise ConfigurationError(
                f"of {', '.join(names)}, which `stream_maps` makes of stream `{stream_name}`, only {', '.join(here)} would be flattened with child tables",
                hint="give all of them the same `nested_data`",
            )
        self.stream_maps.pop(stream_name)
        self.flattening_options = NONE
        try:
            super().register_raw_stream_schema(stream_name, schema, key_properties)
        finally:
            self.flattening_options = options
