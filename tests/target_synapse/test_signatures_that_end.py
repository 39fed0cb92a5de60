"""Shared access signatures that end: before the run, which then does not begin, or in the middle of it, which is told as what it is."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from urllib.parse import quote

import hypothesis
import pytest
import time_machine
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import AccessPolicy, ContainerClient, generate_container_sas
from hypothesis import given
from hypothesis import strategies as st
from sandbox.blob.service import ACCOUNT, ACCOUNT_KEY, CONTAINER
from singer_commons.errors import CredentialsError, DestinationError
from synapse_support.messages import USERS, record, schema_line, state
from target_synapse.settings import settings_misfits
from target_synapse.settings.signatures import signatures_in_use, warn_of_the_end
from target_synapse.staging import delegation
from target_synapse.staging.access import access_of
from target_synapse.staging.expiry import OUT_OF_TIME, expiry_of

BATCHES = [schema_line(USERS), record(id=1, name="a"), state({"at": 1}), record(id=2, name="b"), state({"at": 2})]
LIMIT_S = 60  # for what takes a second on an idle machine
HOUR = dt.timedelta(hours=1)
MOMENT = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)


def until(is_so):
    """Wait for something that another thread or process does."""
    end, pause = time.monotonic() + LIMIT_S, threading.Event()
    while not is_so():
        assert time.monotonic() < end
        pause.wait(0.02)


def at_the_second_batch(done):
    """The lines of both batches; what is `done` is done when the first has arrived."""
    yield from BATCHES[:3]
    done()
    yield from BATCHES[3:]


def signed(expiry, **more):
    more = more or {"permission": "rlcwd"}
    return generate_container_sas(ACCOUNT, CONTAINER, account_key=ACCOUNT_KEY, expiry=expiry, **more)


@pytest.fixture
def withering(azurite):
    """A signature of an hour that the store refuses from the moment on at which `wither` makes that hour be over for this process.

    It rests on an access policy, which is then taken away: Azurite says the same of it as of one whose time is over, and no test waits for a clock.
    """

    class Withering:
        expiry = (dt.datetime.now(dt.UTC) + HOUR).replace(microsecond=0)
        token = signed(expiry, policy_id="withering")
        clock = None

        def policies(self, **policies):
            with azurite.client().get_container_client(CONTAINER) as container:
                container.set_container_access_policy(policies)

        def wither(self):
            self.policies()
            self.clock = time_machine.travel(dt.datetime.now(dt.UTC) + 2 * HOUR)
            self.clock.start()

    made = Withering()
    made.policies(withering=AccessPolicy(permission="rlcwd", start=dt.datetime.now(dt.UTC) - HOUR))
    yield made
    if made.clock:
        made.clock.stop()
    made.policies()


def test_azurite_says_the_same_of_a_signature_whose_time_is_over_and_of_one_whose_policy_is_gone(azurite, withering):
    withering.policies()
    said = []
    for token in (signed(dt.datetime.now(dt.UTC) - HOUR), withering.token):
        with ContainerClient(azurite.url, CONTAINER, credential=token, retry_total=0) as container, pytest.raises(HttpResponseError) as caught:
            container.upload_blob("x", b"")
        said.append((caught.value.status_code, caught.value.error_code))
    assert said[0] == said[1]


@pytest.mark.parametrize(
    ("opened_by", "kind", "told"),
    [
        ({"storage_sas_token": "?{}", "storage_account_key": None}, CredentialsError, r"container stage of http.* refuses the secret: the signature expired at {}"),
        ({"copy_credential": "sas", "copy_sas_token": "{}"}, DestinationError,
         r"cannot copy the staged files into .* \(105215\); the signature that COPY was given expired at {}"),
    ],
    ids=["upload", "COPY"],
)  # fmt: skip
def test_a_signature_that_ends_in_mid_run_is_told_and_nothing_is_lost(opened_by, kind, told, withering, load_here, table, staged):
    moment = f"{withering.expiry:%Y-%m-%d %H:%M:%S} UTC"
    changes = {name: value and value.format(withering.token) for name, value in opened_by.items()}

    def wither():
        until(lambda: table("users") == [(1, "a")] and not staged())  # its file is put away behind the load
        withering.wither()

    with pytest.raises(kind, match=told.format(moment) + "$") as caught:
        load_here(at_the_second_batch(wither), batch_size_rows=1, **changes)
    assert caught.value.hint.startswith("put a new signature into the settings and run again: the next run goes on behind the last STATE")
    assert (load_here.states, table("users")) == ([{"at": 1}], [(1, "a")])
    withering.clock.stop()
    withering.clock = None
    new = {name: value and value.format(signed(withering.expiry)) for name, value in opened_by.items()}
    assert load_here([BATCHES[0], *BATCHES[3:]], **new) == [{"at": 2}]
    assert (table("users"), staged()) == ([(1, "a"), (2, "b")], [])


@pytest.mark.slow
def test_a_signature_that_is_made_for_the_run_never_ends_in_it(cloud, load_here, schema, monkeypatch):
    """One of eight seconds: while the tap is silent it ends, and the next batch is copied with another."""
    monkeypatch.setattr(delegation, "LIFETIME", dt.timedelta(seconds=8))
    users = f"SELECT * FROM [{schema}].[users]"
    minted = []

    def is_refused():
        with ContainerClient(cloud.store.url, CONTAINER, credential=minted[0], connection_verify=cloud.store.trusted, retry_total=0) as container:
            try:
                next(iter(container.list_blob_names()), None)
            except HttpResponseError:
                return True
        return False

    def note(*given):
        minted.append(made(*given))
        return minted[-1]

    made = delegation.signature
    monkeypatch.setattr(delegation, "signature", note)

    def wait():
        until(lambda: cloud.pool.rows(f"SELECT 1 FROM sys.tables WHERE OBJECT_ID = OBJECT_ID('[{schema}].[users]')") and cloud.pool.rows(users))
        until(is_refused)

    changes = {**cloud.database, **cloud.pool.settings(), **cloud.storage, **cloud.principal, "storage_account_key": None, "encrypt": "no"}
    load_here(at_the_second_batch(wait), batch_size_rows=1, **{**changes, "storage_authentication": "service_principal"})
    assert sorted(cloud.pool.rows(users)) == [(1, "a"), (2, "b")]
    assert len(minted) >= 2


GIVEN = {"user": "u", "password": "p", "storage_url": "https://a", "storage_container": "c", "storage_prefix": "p"}
OVER, GOOD = signed(MOMENT - HOUR), signed(MOMENT + HOUR)
KEY = {"storage_account_key": "a2V5"}


@pytest.fixture
def at_the_moment():
    with time_machine.travel(MOMENT, tick=False):
        yield


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"storage_sas_token": OVER}, ["storage_sas_token"]),
        ({"storage_sas_token": f"?{OVER}", "copy_sas_token": GOOD}, ["storage_sas_token"]),
        ({"storage_sas_token": GOOD, "copy_sas_token": OVER}, ["copy_sas_token"]),
        ({"storage_sas_token": OVER, "copy_credential": "managed_identity"}, ["storage_sas_token"]),
        ({**KEY, "copy_credential": "sas", "storage_sas_token": OVER, "storage_authentication": "account_key"}, ["storage_sas_token"]),
        ({"storage_connection_secret": f"BlobEndpoint=https://a;SharedAccessSignature={OVER}"}, ["storage_connection_secret"]),
        ({"storage_sas_token": GOOD}, []),
        ({**KEY, "copy_sas_token": OVER}, []),
        ({**KEY, "storage_sas_token": OVER, "storage_authentication": "account_key"}, []),
        ({"storage_connection_secret": f"AccountName=a;AccountKey=a2V5;SharedAccessSignature={OVER}"}, []),
        ({"storage_sas_token": GOOD, "copy_sas_token": OVER, "load_via": "adf", "adf_url": "https://x", "adf_pipeline": "p"}, []),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("at_the_moment")
def test_a_signature_that_is_over_is_a_problem_of_the_settings_if_it_is_used(settings, named):
    told = [str(one) for one in settings_misfits({**GIVEN, **settings}) if "expired" in str(one)]
    assert told == [f"`{name}`: expected a signature that is still good, found one that expired at 2026-11-22 08:30:00 UTC" for name in named]


def test_the_command_ends_with_the_date_and_without_the_signature(load):
    done = load(BATCHES, storage_account_key=None, storage_sas_token=signed(dt.datetime(2024, 2, 3, 4, 5, 6, tzinfo=dt.UTC)))
    assert (done.exit_code, done.states) == (2, [])
    assert "found one that expired at 2024-02-03 04:05:06 UTC" in done.stderr
    assert "sig=" not in done.stderr.replace("sig=***", "")


@pytest.mark.parametrize(("minutes", "told"), [(31, []), (29, ["in 29 minutes"]), (0, ["in 0 minutes"])])
@pytest.mark.usefixtures("at_the_moment")
def test_a_signature_that_ends_soon_is_told_at_the_start(minutes, told, caplog):
    expiry = MOMENT + dt.timedelta(minutes=minutes)
    warn_of_the_end({"storage_sas_token": signed(expiry)}, logging.getLogger("t"))
    ends = f"{expiry:%Y-%m-%d %H:%M:%S}"
    assert [one.getMessage() for one in caplog.records] == [
        f"The signature in `storage_sas_token` expires at {ends} UTC, {one}: a run that needs longer ends then" for one in told
    ]


def test_a_run_tells_of_it_once(load_here, caplog):
    load_here(BATCHES, storage_account_key=None, storage_sas_token=signed(dt.datetime.now(dt.UTC) + HOUR / 3))
    told = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert [one.partition(" at ")[0] for one in told] == ["The signature in `storage_sas_token` expires"]


@pytest.mark.parametrize(
    ("token", "expiry"),
    [
        ("?se=2026-11-22T09%3A30%3A00Z&sig=x", MOMENT),
        ("sv=2020&se=2026-11-22T09:30Z", MOMENT),
        ("se=2026-11-22T09:30:00.0000000Z", MOMENT),
        ("se=2026-11-22", MOMENT.replace(hour=0, minute=0)),
        ("se=2026-11-23&ske=2026-11-22T09%3A30%3A00Z", MOMENT),
        ("si=policy&sig=x", None),
        ("se=tomorrow", None),
        ("", None),
    ],
)
def test_a_signature_says_when_it_ends_in_each_form_that_azure_knows(token, expiry):
    assert expiry_of(token) == expiry


@given(st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(9999, 12, 31)))  # noqa: DTZ001 - the strategy wants them naive
def test_what_microsofts_library_signs_is_read_back(moment):
    moment = moment.replace(microsecond=0, tzinfo=dt.UTC)
    assert expiry_of(f"?{signed(moment)}") == moment


@hypothesis.settings(max_examples=30)
@given(st.text())
def test_any_text_is_read_without_failing(text):
    for token in (text, f"se={quote(text)}"):
        found = expiry_of(token)
        assert found is None or found.tzinfo
    assert isinstance(signatures_in_use({"storage_connection_secret": text}), dict)


@pytest.mark.usefixtures("at_the_moment")
@pytest.mark.parametrize(
    ("token", "said", "why"),
    [
        (OVER, "403", ": the signature expired at 2026-11-22 08:30:00 UTC"),
        (GOOD, f"Signature {OUT_OF_TIME}: Start [...]", ": the signature expired at 2026-11-22 10:30:00 UTC"),
        ("si=policy", f"Signature {OUT_OF_TIME}: Start [...]", ": it says that the signature is not valid at this time"),
        (GOOD, "403", ""),
        ("si=policy", "403", ""),
    ],
)
def test_the_storage_is_believed_where_the_clocks_differ(token, said, why):
    assert access_of({"storage_url": "https://a.blob.core.windows.net", "storage_sas_token": token}).why_refused(said) == why
