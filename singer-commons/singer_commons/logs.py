"""What a person does not need to read stays out of the log unless debugging."""

from __future__ import annotations

import logging

METRICS_LOGGER = "singer_sdk.metrics"

# Lines of singer-sdk 0.54.9, by their text before the values are put in, and why a person need not read them.
SDK_CHATTER = {
    "Skipping parse of env var settings...": "repeats the command line",
    "Parsing env var for settings config...": "repeats the command line",
    "Parsing '%s' config from env variable '%s'.": "a line for each setting; `--about` names the variables",
    "Added '%s' as child stream to '%s'": "how a tap is built, the same in every run",
    "Skipping deselected stream '%s'.": "repeats the catalog",
    "Beginning sync of '%s' in %s mode": "the summary has a line for each stream",
    "Beginning sync of '%s' in %s mode with context keys: %s": "the summary has a line for each stream",
    "Starting incremental sync of '%s' with bookmark value: %s": "the summary says from where to where",
    "Reader '%s' completed processing %d lines of input "
    "(%d schemas, %d records, %d batch manifests, %d state messages, %d activate version messages).": "the summary accounts for every row",
    "Target sink for '%s' is full. Current size is '%s'. Draining...": "a line for each batch",
    "One or more records have exceeded the max age of %d minutes. Draining all sinks.": "a line for each batch",
    "Schema has changed for stream '%s'. Mapping definitions will be reset.": "the target says itself what it changes at the destination",
    "Key properties have changed for stream '%s'. Mapping definitions will be reset.": "the target says itself what it changes at the destination",
    "Schema or key properties for '%s' stream have changed. Initializing a new '%s' sink...": "how the SDK works inside",
    "Found '%s' filter rule: %s": "repeats the settings",
    "Found stream map override for '%s' key properties: %s": "repeats the settings",
    "Detected `%s=None` rule. Unmapped, non-key properties will be excluded from output.": "repeats the settings",
    "Found '%s=None' default mapper. Unmapped streams will be excluded from output.": "repeats the settings",
    "Set null transform as default for '%s'": "repeats the settings",
    "Gracefully shutting down...": "the last line says why the run ended",
    "An unhandled error occurred while syncing '%s'": "the last line says what went wrong",
    "Unable to parse:\n%s": "the last line says what went wrong; the line may be of any length and hold a customer's data",
}


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
