"""A tap and a target as small as can be, run as processes by the tests of this folder: `python small_plugins.py tap|target|command ...`.

`command` is the target as a console script starts it: a thread of its own watches for signals.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from singer_commons.command import entry_point, leave, run
from singer_commons.deliveries import DurableSink
from singer_commons.errors import SuiteError
from singer_commons.run_log import RUN_LOG_SETTINGS
from singer_commons.tap import SuiteTap
from singer_commons.target import DurableTarget
from singer_sdk import Stream
from singer_sdk import typing as th


class Numbers(Stream):
    """The numbers from 0 to `rows`."""

    name = "numbers"
    primary_keys = ("id",)
    replication_key = "id"
    is_sorted = True
    schema = th.PropertiesList(th.Property("id", th.IntegerType)).to_dict()
    STATE_MSG_FREQUENCY = 10

    def get_records(self, context):
        for number in range(self.config["rows"]):
            if number == self.config.get("stop_at"):
                os.kill(os.getpid(), signal.SIGTERM)
            if number == self.config.get("fail_at"):
                raise SuiteError(f"the service lost row {number}, key {self.config['api_key']}", hint="find it")
            if number == self.config.get("break_at"):
                raise RuntimeError(f"unforeseen, key {self.config['api_key']}")
            yield {"id": number}


class SmallTap(SuiteTap):
    """Numbers, to any trouble that is asked for."""

    name = "tap-small"
    config_jsonschema = th.PropertiesList(
        th.Property("api_key", th.StringType, required=True, secret=True),
        th.Property("rows", th.IntegerType, default=25),
        th.Property("stop_at", th.IntegerType),
        th.Property("fail_at", th.IntegerType),
        th.Property("break_at", th.IntegerType),
        *RUN_LOG_SETTINGS,
    ).to_dict()

    def discover_streams(self):
        return [Numbers(self)]


class SmallSink(DurableSink):
    """Says on stderr which rows it made durable."""

    def __init__(self, target, **options):
        super().__init__(target, **options)
        self.account = target.account.stream(self.stream_name)

    def process_record(self, record, context):
        super().process_record(record, context)
        self.account.read()

    def process_batch(self, context):
        sys.stderr.write(f"durable {self.stream_name} {[row['id'] for row in context['records']]}\n")
        if any(row["id"] == self.config.get("fail_on") for row in context["records"]):
            raise SuiteError("the destination is full")
        if any(row["id"] == self.config.get("hang_on") for row in context["records"]):
            sys.stderr.write("hangs\n")
            if self.config.get("signal_to"):  # as the system may choose where it goes; by then the main thread has had time to wait for this one
                threading.Event().wait(0.5)
                (thread,) = (one for one in threading.enumerate() if one.name == self.config["signal_to"])
                signal.pthread_kill(thread.ident, signal.SIGTERM)
            threading.Event().wait()
        self.account.load(len(context["records"]) - (self.config.get("lost_rows") or 0))


class SmallTarget(DurableTarget):
    """Takes batches of three rows."""

    name = "target-small"
    config_jsonschema = th.PropertiesList(
        th.Property("fail_on", th.IntegerType),
        th.Property("hang_on", th.IntegerType),
        th.Property("signal_to", th.StringType),
        th.Property("lost_rows", th.IntegerType),
        *RUN_LOG_SETTINGS,
    ).to_dict()
    default_sink_class = SmallSink
    default_batch_rows = 3


if __name__ == "__main__":
    kind = sys.argv.pop(1)
    if kind == "command":
        entry_point(SmallTarget)()
    leave(run({"tap": SmallTap, "target": SmallTarget}[kind], sys.argv[1:]))
