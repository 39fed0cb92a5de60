"""Who this command is to Azure, where an identity of Entra ID stands in place of keys and passwords; and the way there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_commons.misfits import Misfit, address_misfits
from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OF_A_SERVICE_PRINCIPAL = ("entra_tenant_id", "entra_client_id", "entra_client_secret")

ENTRA = (
    th.Property("entra_tenant_id", th.StringType(), title="Tenant", description="Id of the Entra tenant: Entra ID, Overview, Tenant ID."),
    th.Property(
        "entra_client_id",
        th.StringType(),
        title="Client id",
        description="Application (client) id of the service principal; for `managed_identity` the client id of a user-assigned one.",
    ),
    th.Property("entra_client_secret", th.StringType(), secret=True, title="Client secret", description="Secret of the service principal."),
    th.Property(
        "entra_authority_url",
        th.StringType(),
        title="Authority",
        description="Token service of another cloud, such as `https://login.microsoftonline.us`. Default: `https://login.microsoftonline.com`.",
    ),
    th.Property(
        "ca_bundle_path",
        th.StringType(),
        title="Certificates",
        description="PEM file of the authorities to trust for storage and Entra ID, where a network has its own. Default: REQUESTS_CA_BUNDLE, else the usual ones.",
    ),
    th.Property(
        "proxy_url",
        th.StringType(),
        title="Proxy",
        description="Proxy for storage and Entra ID, such as `http://proxy:8080`. Default: HTTPS_PROXY and NO_PROXY, where a password goes. "
        "The pool's connection takes none.",
    ),
)


def principal_misfits(settings: Mapping[str, Any], wanted_by: str) -> Iterator[Misfit]:
    """What a service principal lacks, for the setting whose value wants one."""
    if missing := [name for name in OF_A_SERVICE_PRINCIPAL if not settings.get(name)]:
        yield Misfit((wanted_by, *missing), "a service principal has a tenant, a client id and a secret; found " + _found(settings))


def transport_misfits(settings: Mapping[str, Any]) -> Iterator[Misfit]:
    """What is no address, and a proxy with a password, which nothing would treat as a secret here."""
    yield from address_misfits(settings, "entra_authority_url", example="https://login.microsoftonline.us")
    yield from address_misfits(settings, "proxy_url", example="http://proxy:8080")
    if "@" in (settings.get("proxy_url") or ""):
        yield Misfit(("proxy_url",), "expected an address without user and password, which go into the variable HTTPS_PROXY")


def _found(settings: Mapping[str, Any]) -> str:
    given = [f"`{name}`" for name in OF_A_SERVICE_PRINCIPAL if settings.get(name)]
    return " and ".join(given) if given else "none of them"
