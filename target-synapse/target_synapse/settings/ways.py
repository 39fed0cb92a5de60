"""How staged rows come into the pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_commons.misfits import Misfit, address_misfits, found_text
from singer_sdk import typing as th

from target_synapse.settings.connection import OF_ENTRA
from target_synapse.settings.entra import principal_misfits
from target_synapse.settings.signatures import copy_kind
from target_synapse.tables.naming import held_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COPY, INSERT, POLYBASE, ADF = "copy", "insert", "polybase", "adf"
SERVICE_PRINCIPAL = "service_principal"
OF_POLYBASE = ("account_key", "managed_identity", SERVICE_PRINCIPAL)  # kinds of credentials

DEFAULT_ADF_POLL_S = 5.0  # a run takes some ten seconds at least, and reading its state is limited by the subscription
DEFAULT_ADF_TIMEOUT_MINUTES = 60.0

WAYS = (
    th.Property(
        "load_via",
        th.StringType(allowed_values=[COPY, POLYBASE, INSERT, ADF]),
        default=COPY,
        title="Way into the pool",
        description="How rows come into the pool: `copy` (staged files, COPY INTO), `polybase` (staged files, an external table), `insert` (no storage "
        "at all; for small loads) or `adf` (staged files, a pipeline of Data Factory or Synapse).",
    ),
    th.Property(
        "polybase_data_source",
        th.StringType(),
        title="PolyBase's data source",
        description="Name of an external data source that is there, for the container. Default: one for each run, with a credential of its own.",
    ),
    th.Property(
        "polybase_file_format",
        th.StringType(),
        title="PolyBase's file format",
        description="Name of an external file format that is there, made as README.md says. Default: one for each run.",
    ),
    th.Property(
        "adf_url",
        th.StringType(),
        title="Pipelines' address",
        description="Where the pipeline is: `https://management.azure.com/subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.DataFactory/factories/<factory>`, "
        "or `https://<workspace>.dev.azuresynapse.net`.",
    ),
    th.Property(
        "adf_authentication",
        th.StringType(allowed_values=list(OF_ENTRA)),
        default=SERVICE_PRINCIPAL,
        title="Pipelines' authentication",
        description="Who starts the pipeline: `service_principal`, `managed_identity`, or `default`, the chain of azure-identity (environment, workload, machine, `az login`).",
    ),
    th.Property("adf_pipeline", th.StringType(), title="Pipeline", description="Name of the pipeline; docs/adf-pipeline.json is one to begin with."),
    th.Property(
        "adf_poll_s",
        th.NumberType(exclusive_minimum=0),
        default=DEFAULT_ADF_POLL_S,
        title="Wait between looks",
        description="Seconds between two looks at a pipeline that runs.",
    ),
    th.Property(
        "adf_timeout_minutes",
        th.NumberType(exclusive_minimum=0),
        default=DEFAULT_ADF_TIMEOUT_MINUTES,
        title="Longest run of the pipeline",
        description="Minutes after which a pipeline that still runs is cancelled, and the load fails.",
    ),
)


def way_misfits(settings: Mapping[str, Any]) -> Iterator[Misfit]:
    """What does not fit the way."""
    way = settings.get("load_via") or COPY
    if way == POLYBASE and not settings.get("polybase_data_source"):
        yield from _polybase_misfits(settings)
    if way == ADF:
        if missing := tuple(name for name in ("adf_url", "adf_pipeline") if not settings.get(name)):
            yield Misfit(missing, "expected, with `load_via` `adf`; found nothing")
        yield from address_misfits(settings, "adf_url", example="https://workspace.dev.azuresynapse.net")
        if (settings.get("adf_authentication") or SERVICE_PRINCIPAL) == SERVICE_PRINCIPAL:
            yield from principal_misfits(settings, "adf_authentication")
    for name in ("polybase_data_source", "polybase_file_format"):
        if (value := settings.get(name)) and way != POLYBASE:
            yield Misfit((name, "load_via"), f"expected `load_via` to be `polybase`, {found_text(way)}")
        elif value and (held_name(value) != value):
            yield Misfit((name,), f"expected a name that T-SQL can hold, {found_text(value)}")


def _polybase_misfits(settings: Mapping[str, Any]) -> Iterator[Misfit]:
    """Credentials that no external data source takes, where one is to be made.

    Shared access signatures "cannot be used with PolyBase in ... Azure Synapse Analytics", and a pool's credential is an account key, an application or the
    workspace's identity (https://learn.microsoft.com/sql/t-sql/statements/create-database-scoped-credential-transact-sql, IDENTITY and example B).
    """
    kind = copy_kind(settings)
    if kind not in OF_POLYBASE:
        opened_by = ("copy_credential", "storage_sas_token") if settings.get("storage_sas_token") else ("copy_credential",)
        yield Misfit(
            (*opened_by, "polybase_data_source"),
            f"PolyBase takes no {kind}: expected one of {', '.join(OF_POLYBASE)}, or the name of a data source that is there",
        )
