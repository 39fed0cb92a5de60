"""Why a file is read, and not copied."""

from __future__ import annotations

from singer_commons.errors import DestinationError


class NotCopiedError(DestinationError):
    """The file is not copied, and nothing of it is in its table: it is to be read. The text goes behind "since"."""
