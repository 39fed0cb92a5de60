"""Where a file of a BATCH message lies: in the container that this target stages its own files in, or elsewhere.

Addresses are those of the storage's own REST API (https) and those that fsspec's adlfs takes: `abfs://container@account.dfs.core.windows.net/path`, and
`az://container/path`, which names no account (https://github.com/fsspec/adlfs). singer-sdk's taps write the latter whatever their root is.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from target_synapse.staging.address import account_of, blob_url, service_of

OF_ADLFS = frozenset(("az", "abfs", "abfss"))
OF_HTTP = frozenset(("http", "https"))
ACCOUNT_OF_ADLFS = "AZURE_STORAGE_ACCOUNT_NAME"  # the account of addresses that name none, where adlfs is told so
# COPY INTO has wildcards, which a backslash escapes (https://learn.microsoft.com/sql/t-sql/statements/copy-into-transact-sql, "FROM"): names with neither.
PLAIN_PATH = re.compile(r"[A-Za-z0-9._=-]+(/[A-Za-z0-9._=-]+)*")


@dataclass(frozen=True, slots=True)
class Home:
    """The account and the container that hold the staged files."""

    url: str  # of the account's blob endpoint
    account: str
    container: str

    def path_of(self, address: str) -> str | None:
        """The file's path in the container; None if it is elsewhere, or might be."""
        parts = urlsplit(address)
        found = self._of_adlfs(parts) if parts.scheme in OF_ADLFS else self._of_http(parts) if parts.scheme in OF_HTTP else None
        return found if found and not parts.query and not parts.fragment and PLAIN_PATH.fullmatch(found) else None

    def _of_adlfs(self, parts: SplitResult) -> str | None:
        container, at, host = parts.netloc.partition("@")
        is_here = self._is_host(host) if at else os.environ.get(ACCOUNT_OF_ADLFS, self.account) == self.account
        return unquote(parts.path).strip("/") if is_here and container == self.container else None

    def _is_host(self, host: str) -> bool:
        if service_of(self.url) is None:  # a domain of its own, or the emulator
            return host.partition(".")[0] == self.account
        return urlsplit(blob_url(f"https://{host}")).netloc == urlsplit(self.url).netloc

    def _of_http(self, parts: SplitResult) -> str | None:
        home = urlsplit(self.url)
        of_account = urlsplit(blob_url(f"{parts.scheme}://{parts.netloc}"))
        if (of_account.scheme, of_account.netloc) != (home.scheme, home.netloc):
            return None
        within = f"{home.path.rstrip('/')}/{self.container}/"
        return unquote(parts.path).removeprefix(within) if unquote(parts.path).startswith(within) else None


def home_of(url: str, account: str, container: str) -> Home:
    """The container of a store, by its address."""
    return Home(blob_url(url), account or account_of(url), container)
