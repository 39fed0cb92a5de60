"""Requests to the storage that are tried again are calls of the run, and the waits before them are its waits."""

from __future__ import annotations

import pytest
from azure.core.exceptions import ServiceRequestError
from azure.core.pipeline.transport import RequestsTransport
from sandbox.http.faults import Fault
from sandbox.http.messages import Answer
from sandbox.http.service import HttpService, Route
from singer_commons.errors import RejectedError, UnreachableError
from target_synapse.staging.retries import JITTER_S, RETRIES
from target_synapse.staging.store import StagingStore


class Accepting:
    """Takes every block and list of blocks, as the storage answers them (https://learn.microsoft.com/rest/api/storageservices/put-block)."""

    def routes(self):
        return [Route("PUT", "/account/stage/{name}", lambda _request, **_: Answer(201))]

    def admit(self, _request):
        return None

    def unknown(self, _request):
        return Answer(404)


@pytest.fixture
def storage():
    running = HttpService(Accepting())
    running.start()
    yield running
    running.close()


@pytest.fixture
def store(storage, waits_s):
    made = StagingStore({"storage_url": f"{storage.url}/account", "storage_container": "stage", "storage_account_key": "a2V5"})
    yield made
    made.close()


@pytest.fixture
def waits_s(monkeypatch):
    """The waits of the library, which are noted, not waited."""
    made = []
    monkeypatch.setattr("azure.core.pipeline.transport._base.time.sleep", made.append)
    return made


def test_a_file_that_goes_through_at_once_is_two_calls_and_no_wait(store, storage, waits_s):
    store.put("file", b"x")
    assert (store.calls.calls, len(storage.requests), store.calls.waited_s, waits_s) == (2, 2, 0.0, [])


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 500}, {"cut": True}], ids=["throttled", "failed", "cut"])
def test_each_try_is_a_call_and_each_wait_is_counted(fault, store, storage, waits_s):
    storage.faults.plan(Fault(path="/account/stage/file", times=3, **fault))
    store.put("file", b"x")
    assert (store.calls.calls, len(storage.requests)) == (5, 5)
    assert store.calls.waited_s == pytest.approx(sum(waits_s))
    assert [abs(wait_s - wanted_s) <= JITTER_S for wait_s, wanted_s in zip(waits_s, (3, 5, 9), strict=True)] == [True] * 3


def test_tries_that_are_spent_are_counted_too(store, storage, waits_s):
    storage.faults.plan(Fault(path="/account/stage/file", status=503, times=99))
    with pytest.raises(RejectedError):
        store.put("file", b"x")
    assert (store.calls.calls, len(waits_s)) == (RETRIES + 1, RETRIES)
    assert store.calls.waited_s == pytest.approx(sum(waits_s))


def test_a_store_that_is_only_checked_waits_for_nothing(storage, waits_s):
    storage.faults.plan(Fault(path="*", cut=True, times=99))
    store = StagingStore({"storage_url": f"{storage.url}/account", "storage_container": "stage", "storage_account_key": "a2V5"}, retries=0)
    with pytest.raises(UnreachableError):
        store.check()
    assert (store.calls.calls, store.calls.waited_s, waits_s) == (1, 0.0, [])
    store.close()


def test_the_summary_of_a_run_has_the_calls_and_waits_of_its_uploads(load_here, azurite, monkeypatch):
    """Azurite behind a door that is shut twice."""
    tries = []
    send = RequestsTransport.send

    def shut_twice(transport, request, **options):
        if request.method == "PUT" and len(tries) < 2:
            tries.append(request.url)
            raise ServiceRequestError("the door is shut")
        return send(transport, request, **options)

    monkeypatch.setattr(RequestsTransport, "send", shut_twice)
    waits = []
    monkeypatch.setattr("azure.core.pipeline.transport._base.time.sleep", waits.append)
    schema = {"type": "SCHEMA", "stream": "users", "schema": {"properties": {"id": {"type": "integer"}}}, "key_properties": ["id"]}
    load_here([schema, {"type": "RECORD", "stream": "users", "record": {"id": 1}}, {"type": "STATE", "value": {"at": 1}}])
    assert len(waits) == 2
    assert load_here.account.beside.waited_s == pytest.approx(sum(waits))
    assert load_here.account.calls()[1] == pytest.approx(sum(waits))
