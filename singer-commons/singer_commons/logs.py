"""What a person does not need to read stays out of the log unless debugging."""

from __future__ import annotations

import logging

METRICS_LOGGER = "singer_sdk.metrics"

# Lines of singer-sdk 0.54.9 that repeat the command line, or announce an error whose reason the last line gives.
SDK_CHATTER = (
    "Skipping parse of env var settings...",
    "Parsing env var for settings config...",
    "Gracefully shutting down...",
    "An unhandled error occurred while syncing '%s'",
    "Unable to parse:\n%s",
    "Added '%s' as child stream to '%s'",
)


class Quiet(logging.Filter):
    """Lets through what a person must know: no metrics, none of the SDK's chatter."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is shown."""
        return record.name != METRICS_LOGGER and record.msg not in SDK_CHATTER


def quieten() -> None:
    """Put the filter on every handler of the root logger, once."""
    for handler in logging.getLogger().handlers:
        if not any(isinstance(one, Quiet) for one in handler.filters):
            handler.addFilter(Quiet())
