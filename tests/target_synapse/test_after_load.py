"""What becomes of staged files: deleted, kept or archived once they are loaded, and always deleted if they are not."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobClient, generate_container_sas
from sandbox.blob.service import ACCOUNT, ACCOUNT_KEY, CONTAINER
from singer_commons.errors import DestinationError
from synapse_support.messages import USERS, record, schema_line, state
from target_synapse.settings import settings_misfits

LINES = [schema_line(USERS), record(id=1, name="Ann"), state({"at": 1}), record(id=2, name="Bob"), state({"at": 2})]
RUN, BATCH = "[0-9a-f]{32}", "[0-9a-f-]{36}"


@pytest.fixture
def archived(azurite, schema):
    return lambda: azurite.files(f"{schema}-archive")


def test_files_are_deleted_by_default(load_here, staged, archived):
    load_here(LINES, batch_size_rows=1)
    assert (staged(), archived()) == ([], [])


def test_files_are_kept_and_not_swept_up_as_leftovers(load_here, staged, monkeypatch):
    load_here(LINES, batch_size_rows=1, after_load="keep")
    kept = staged()
    assert len(kept) == 2
    monkeypatch.setattr("target_synapse.loading.leftovers._now", lambda: dt.datetime.now(dt.UTC) + dt.timedelta(days=99))
    load_here(LINES, after_load="keep")
    assert set(kept) <= set(staged())


@pytest.mark.parametrize("opened_by", ["key", "signature"])
def test_files_are_moved_to_the_archive_with_their_content(opened_by, load_here, staged, archived, azurite, schema, table):
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    token = generate_container_sas(ACCOUNT, CONTAINER, account_key=ACCOUNT_KEY, permission="rlcwd", expiry=soon)
    opened = {} if opened_by == "key" else {"storage_account_key": None, "storage_sas_token": token}
    load_here(LINES, batch_size_rows=1, after_load="archive", archive_prefix=f"{schema}-archive", **opened)
    assert (table("users"), staged(), len(archived())) == ([(1, "Ann"), (2, "Bob")], [], 2)
    assert all(re.fullmatch(rf"{schema}-archive/{RUN}/users/{BATCH}/00001\.csv\.gz", path) for path in archived())
    with azurite.client() as client:
        sizes = [client.get_blob_client(CONTAINER, path).get_blob_properties().size for path in archived()]
    assert min(sizes) > 20


def test_files_of_a_batch_that_is_not_loaded_are_deleted_even_if_they_were_to_be_kept(load_here, staged, archived, pool, schema):
    pool.fault("error", rf"COPY INTO \[{schema}\]", number=8115, message="Arithmetic overflow.")
    with pytest.raises(DestinationError):
        load_here(LINES, after_load="keep")
    assert (staged(), archived()) == ([], [])


def test_an_archive_that_fails_ends_no_load_and_leaves_the_files_where_they_are(load_here, staged, archived, table, schema, monkeypatch, caplog):
    def refuse(self, url, **options):
        raise HttpResponseError("no room")

    monkeypatch.setattr(BlobClient, "start_copy_from_url", refuse)
    states = load_here(LINES, after_load="archive", archive_prefix=f"{schema}-archive")
    assert (table("users"), len(staged()), archived(), states) == ([(1, "Ann"), (2, "Bob")], 1, [], [{"at": 2}])
    assert [one.getMessage().startswith(f"Staged files were not archived, and stay below {schema} in stage: ") for one in caplog.records].count(
        True
    ) == 1


def test_an_archive_inside_the_folder_of_staged_files_is_told_at_the_start():
    given = {
        "storage_url": "https://a",
        "storage_account_key": "k",
        "storage_prefix": "p",
        "storage_container": "c",
        "user": "u",
        "password": "p",
        "after_load": "archive",
    }
    told = {name: [str(one) for one in settings_misfits({**given, "archive_prefix": name})] for name in ("p", "/q", "p/archive", "q")}
    assert told == {
        "p": ["`storage_prefix` and `archive_prefix`: expected two folders: what is archived would be swept up as a leftover"],
        "/q": [f"`archive_prefix`: expected letters, digits and . _ - in parts divided by /, found {json.dumps('/q')}"],
        "p/archive": [],
        "q": [],
    }
