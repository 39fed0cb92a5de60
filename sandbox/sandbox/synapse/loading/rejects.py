"""ERRORFILE: the rows that a COPY rejected and the reasons, written where the statement says.

Documented [sql/t-sql/statements/copy-into-transact-sql]: `<directory>/_rejectedrows/<YYYYMMDD-HHMMSS>/` with an `.Error` and a `.Row`
file named queryID_distributionID_guid, a path without a host is in the container of the data, and the account key is not taken.
What stands inside the two files is not documented: here one line a row, in the same order.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from azure.core.exceptions import AzureError

from sandbox.synapse.loading.blobs import Identities, Location, located, open_container, refused
from sandbox.synapse.refusals import load_errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.synapse.reading import commands as c


@dataclass(slots=True)
class Rejects:
    """The rejected rows of one COPY."""

    folder: Location
    credential: Mapping[str, str]
    identities: Identities
    rows: list[tuple[str, str]] = field(default_factory=list)  # (the row's text, the reason)

    def write(self, request_id: str) -> None:
        """Write both files, if a row was rejected. Raises 105215 without the right to write."""
        if not self.rows:
            return
        moment = datetime.now(UTC)
        name = f"{request_id}_1_{uuid.uuid4()}"
        base = "/".join(part for part in (self.folder.path.strip("/"), "_rejectedrows", f"{moment:%Y%m%d-%H%M%S}", name) if part)
        try:
            with open_container(self.folder, self.credential, self.identities) as client:
                client.upload_blob(f"{base}.Row.Txt", "\n".join(row for row, _ in self.rows) + "\n")
                client.upload_blob(f"{base}.Error.Txt", "\n".join(reason for _, reason in self.rows) + "\n")
        except (AzureError, ValueError) as error:
            raise refused(self.folder, error) from error


def rejects_of(command: c.Copy, data: Location, endpoints: Mapping[str, str], identities: Identities) -> Rejects | None:
    """Where the rejected rows of a COPY go, or None. Raises 105208 for an account key."""
    wanted = command.options.get("ERRORFILE")
    if wanted is None:
        return None
    full = "://" in wanted
    credential = command.credentials.get("ERRORFILE_CREDENTIAL") if full else None
    credential = credential or command.credentials.get("CREDENTIAL", {})
    if credential.get("IDENTITY", "").lower() == "storage account key":
        raise load_errors.copy_option("ERRORFILE_CREDENTIAL", "is a storage account key, which is not supported for ERRORFILE")
    folder = located(wanted, endpoints) if full else Location(wanted, data.account_url, data.account, data.container, wanted.strip("/"))
    return Rejects(folder, credential, identities)
