"""Delivery while reading goes on: one batch is on its way in a thread of its own while the next one gathers, and its STATE goes out when it is durable.

At most one delivery is outstanding, so memory holds two batches: the one that is delivered and the one that is read. Everything about STATE
happens under one lock, in `Deliveries`: what was handed over before a STATE is durable before it goes out, and after `close` none goes out.
"""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any

from singer_sdk import BatchSink

from singer_commons.signals import ENDING_SIGNALS, held_signals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from singer_sdk import Sink

    from singer_commons.accounts import Account

    Batch = tuple[Sink, dict[str, Any]]  # a sink, and the context of a batch of its rows
    State = dict[str, Any]

THREAD_NAME = "delivery"


class DurableSink(BatchSink):
    """A sink of a `DurableTarget`: what it knows of a batch is in the batch's context, so that it can gather the next one while this one is delivered.

    `process_record` runs in the main thread, `process_batch` in the delivery's, for an earlier batch. `setup`, `activate_version` and
    `process_batch_files` run in the main thread while nothing is on its way.
    """

    @property
    def is_full(self) -> bool:
        """Never: the target drains all its sinks together."""
        return False

    @property
    def gathering(self) -> dict[str, Any]:
        """The context of the batch that gathers."""
        return self._pending_batch or {}

    def abandon(self, context: dict[str, Any]) -> None:
        """Take back what was staged for a batch that will not be delivered: the run has failed, and its rows come again."""


class Deliveries:
    """Hands batches over to a thread, one set of batches at a time, in order. All methods are the main thread's."""

    def __init__(self, write_state: Callable[[State], None], account: Account) -> None:
        self._write_state, self._account = write_state, account
        self._lock = threading.RLock()  # held while STATE is written; reentrant, since a signal may strike the main thread while it has it
        self._is_idle = threading.Event()
        self._is_idle.set()
        self._states: list[State] = []  # of the delivery that is on its way
        self._is_closed = False
        self._failure: BaseException | None = None
        self.undelivered: Sequence[Batch] = ()  # of a delivery that failed: what it had not come to

    @property
    def is_busy(self) -> bool:
        """Whether a delivery is on its way."""
        return not self._is_idle.is_set()

    def check(self) -> None:
        """Raise what ended a delivery, if one has failed."""
        if self._failure is not None:
            raise self._failure

    def wait(self) -> None:
        """Wait until nothing is on its way. Raises what ended a delivery."""
        self._is_idle.wait()
        self.check()

    def hand_over(self, batches: Sequence[Batch], state: State | None) -> None:
        """Deliver the batches, then give the state out; returns as soon as that has begun.

        A state without batches has only what is on its way before it, if anything. Raises what ended an earlier delivery.
        """
        if not batches:
            self._follow(state)
            return
        self.wait()
        self._states = [] if state is None else [state]
        self._is_idle.clear()
        try:
            # A daemon: a run that a signal ends does not wait for it (see `singer_commons.command.leave`).
            threading.Thread(target=self._deliver, args=(batches,), name=THREAD_NAME, daemon=True).start()
        except RuntimeError:  # the system has no thread left
            self._is_idle.set()
            raise

    def close(self) -> None:
        """Give no STATE out from now on; one that is just being written is finished."""
        with self._lock:
            self._is_closed = True

    def _follow(self, state: State | None) -> None:
        self.check()
        with held_signals(), self._lock:
            if self.is_busy and state is not None:
                self._states[1:] = [state]  # the newest says it all: a tap that sends STATE and no rows must not fill the memory
            elif state is not None and not self._is_closed:
                self.check()  # it may have failed just now
                self._write_state(state)

    def _deliver(self, batches: Sequence[Batch]) -> None:
        _leave_signals_to_the_main_thread()
        waiting = list(batches)
        failure: BaseException | None = None
        try:
            while waiting and not self._is_closed:
                sink, context = waiting.pop(0)
                self._account.turn_to(sink.stream_name)
                with sink.batch_processing_timer:
                    sink.process_batch(context)
                self._account.turn_to(None)
        except BaseException as error:  # noqa: BLE001 - raised again in the main thread
            failure = error
        with self._lock:
            failure = failure or self._let_states_out()
            self._failure, self.undelivered = failure, waiting
            self._is_idle.set()

    def _let_states_out(self) -> BaseException | None:
        try:
            for state in () if self._is_closed else self._states:
                self._write_state(state)
        except BaseException as error:  # noqa: BLE001 - a closed pipe, most likely; raised again in the main thread
            return error
        return None


def is_delivering() -> bool:
    """Whether a delivery is on its way in this process."""
    return any(thread.name == THREAD_NAME for thread in threading.enumerate())


def _leave_signals_to_the_main_thread() -> None:
    if hasattr(signal, "pthread_sigmask"):  # Windows has none, and gives no signals to threads
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
