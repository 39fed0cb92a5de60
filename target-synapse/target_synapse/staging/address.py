"""Addresses of storage accounts, taken apart: the public cloud's, other clouds', private endpoints', custom domains', Azurite's.

https://learn.microsoft.com/azure/storage/common/storage-account-overview ("storage account endpoints"),
https://learn.microsoft.com/azure/storage/common/storage-private-endpoints.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit, urlunsplit

BLOB, DFS = "blob", "dfs"


def plain(url: str) -> str:
    """The address without a slash at its end."""
    return url.rstrip("/")


def service_of(url: str) -> str | None:
    """`blob` or `dfs`, as the host says; None where it says neither, as a custom domain or an IP address does."""
    labels = (urlsplit(url).hostname or "").split(".")
    return next((label for label in labels[1:] if label in (BLOB, DFS)), None)


def blob_url(url: str) -> str:
    """The same account's blob endpoint: files are written through it, to a data lake too."""
    if service_of(url) != DFS:
        return plain(url)
    parts = urlsplit(plain(url))
    return urlunsplit(parts._replace(netloc=parts.netloc.replace(f".{DFS}.", f".{BLOB}.", 1)))


def account_of(url: str) -> str:
    """The account's name: the first label of the host, or of an IP address the first part of the path, as Azurite has it."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host == "localhost" or _is_ip(host):
        return parts.path.strip("/").partition("/")[0]
    return host.partition(".")[0].removesuffix("-secondary")


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
