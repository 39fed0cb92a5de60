"""How the store is opened: to the command by each kind of secret and identity, and to the pool by each kind of credential."""

from __future__ import annotations

import datetime as dt
import sys
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from azure.storage.blob import ContainerClient, generate_container_sas
from sandbox.blob.service import ACCOUNT, ACCOUNT_KEY, CONTAINER
from singer_commons.errors import CredentialsError, DestinationError
from synapse_support.azure_cloud import CLIENT, SECRET
from synapse_support.messages import USERS, record, schema_line
from target_synapse.settings import settings_misfits
from target_synapse.staging import address
from target_synapse.staging.access import access_of
from target_synapse.staging.delegation import LIFETIME, DelegatedSignature, Scope
from target_synapse.staging.store import StagingStore

LINES = [schema_line(USERS), record(id=1, name="Ann")]


@pytest.fixture
def load_in_cloud(cloud, load_here, schema):
    """Loads a row into the cloud's pool; returns the table and the COPY statements."""

    def run(**changes):
        load_here(LINES, **{"storage_account_key": None, **cloud.pool.settings(), **cloud.storage, **changes})
        rows = cloud.pool.rows(f"SELECT * FROM [{schema}].[users]")
        return rows, cloud.pool.statements(f"COPY INTO [{schema}]")

    return run


@pytest.fixture
def machine(cloud, monkeypatch):
    """A machine that has an identity of its own."""
    for name, value in cloud.entra.identity_environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def signed_in(cloud, monkeypatch):
    """An environment in which azure-identity's chain finds somebody."""
    for name in ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.setenv(f"AZURE_{name}", cloud.principal[f"entra_{name.lower()}"])


def sas(permission, hours=1):
    return generate_container_sas(
        ACCOUNT, CONTAINER, account_key=ACCOUNT_KEY, permission=permission, expiry=dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours)
    )


def test_a_service_principal_uploads_and_the_pool_gets_a_signature_that_reads_and_lists(load_in_cloud, cloud):
    rows, (copy,) = load_in_cloud(storage_authentication="service_principal", **cloud.principal)
    assert rows == [(1, "Ann")]
    assert "CREDENTIAL = (IDENTITY = 'Shared Access Signature', SECRET = '***')" in copy


@pytest.mark.usefixtures("machine")
def test_a_managed_identity_uploads_without_any_secret(load_in_cloud):
    rows, (copy,) = load_in_cloud(storage_authentication="managed_identity")
    assert rows == [(1, "Ann")]
    assert "IDENTITY = 'Shared Access Signature'" in copy


@pytest.mark.usefixtures("signed_in")
def test_the_default_chain_takes_who_the_environment_names(load_in_cloud, cloud):
    rows, (copy,) = load_in_cloud(storage_authentication="default", entra_authority_url=cloud.entra.url)
    assert rows == [(1, "Ann")]
    assert "IDENTITY = 'Shared Access Signature'" in copy


@pytest.mark.parametrize(
    ("opened", "clause"),
    [
        ({"storage_account_key": ACCOUNT_KEY}, "CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = '***'), "),
        ({"storage_account_key": ACCOUNT_KEY, "copy_credential": "managed_identity"}, "CREDENTIAL = (IDENTITY = 'Managed Identity'), "),
        ({"storage_account_key": ACCOUNT_KEY, "copy_credential": "service_principal"}, f"IDENTITY = '{CLIENT}@https://127.0.0.1:"),
        ({"storage_account_key": ACCOUNT_KEY, "copy_credential": "sas", "copy_sas_token": "?{sas}"}, "IDENTITY = 'Shared Access Signature'"),
        ({"storage_sas_token": "?{sas}"}, "IDENTITY = 'Shared Access Signature'"),
        ({"storage_sas_token": "{sas}", "storage_account_key": ACCOUNT_KEY, "storage_authentication": "sas", "copy_credential": "account_key"}, "Account Key"),
        ({"storage_connection_secret": "AccountName=devstoreaccount1;AccountKey={key};BlobEndpoint={url};"}, "IDENTITY = 'Storage Account Key'"),
        ({"storage_connection_secret": "BlobEndpoint={url};SharedAccessSignature={sas}"}, "IDENTITY = 'Shared Access Signature'"),
    ],
)  # fmt: skip
def test_every_pair_of_credentials_loads(opened, clause, load_in_cloud, cloud):
    made = {name: value.format(sas=sas("rlcwd"), key=ACCOUNT_KEY, url=cloud.store.url) for name, value in opened.items()}
    rows, (copy,) = load_in_cloud(**cloud.principal, **made)
    assert rows == [(1, "Ann")]
    assert clause in copy


def test_the_pool_refuses_a_principal_with_a_wrong_secret(load_in_cloud, cloud):
    settings = {**cloud.principal, "entra_client_secret": "another", "storage_account_key": ACCOUNT_KEY, "copy_credential": "service_principal"}
    with pytest.raises(DestinationError, match=r"\(105215\)"):
        load_in_cloud(**settings)


def test_a_container_that_is_not_public_is_not_read_without_a_credential(load_in_cloud):
    with pytest.raises(DestinationError, match=r"\(105215\)"):
        load_in_cloud(storage_account_key=ACCOUNT_KEY, copy_credential="public")


@pytest.fixture
def master_key(cloud):
    cloud.pool.connection.execute("IF NOT EXISTS (SELECT 1 FROM sys.symmetric_keys WHERE name = N'##MS_DatabaseMasterKey##') CREATE MASTER KEY")


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("managed_identity", "IDENTITY = 'Managed Service Identity'"),
        ("service_principal", f"IDENTITY = '{CLIENT}@https://127.0.0.1:"),
    ],
)
@pytest.mark.usefixtures("master_key")
def test_polybase_reads_as_the_pools_own_identity_and_as_a_principal(kind, made, load_in_cloud, cloud):
    rows, _ = load_in_cloud(storage_account_key=ACCOUNT_KEY, copy_credential=kind, load_via="polybase", **cloud.principal)
    assert rows == [(1, "Ann")]
    credential = cloud.pool.statements("CREATE DATABASE SCOPED CREDENTIAL")[-1]
    source = cloud.pool.statements("CREATE EXTERNAL DATA SOURCE")[-1]
    assert made in credential
    assert SECRET not in credential
    assert f"LOCATION = 'abfss://{CONTAINER}@127.0.0.1:" in source  # wasbs goes with an account key alone
    assert [cloud.pool.rows(f"SELECT name FROM sys.{view}") for view in ("external_data_sources", "database_scoped_credentials")] == [[], []]


@pytest.mark.slow
@pytest.mark.usefixtures("master_key")
def test_polybase_refuses_a_principal_with_a_wrong_secret_and_leaves_nothing(load_in_cloud, cloud):
    settings = {**cloud.principal, "entra_client_secret": "another-secret", "storage_account_key": ACCOUNT_KEY, "load_via": "polybase"}
    with pytest.raises(DestinationError, match=r"\(105019\)") as caught:
        load_in_cloud(copy_credential="service_principal", **settings)
    assert "another-secret" not in str(caught.value)
    assert [cloud.pool.rows(f"SELECT name FROM sys.{view}") for view in ("external_data_sources", "database_scoped_credentials")] == [[], []]


def test_what_the_token_service_refuses_is_told_in_its_words(load_in_cloud, cloud):
    with pytest.raises(CredentialsError) as caught:
        load_in_cloud(storage_authentication="service_principal", **{**cloud.principal, "entra_client_secret": "not-the-secret"})
    assert str(caught.value).startswith(
        "Entra ID gives no token to the service principal: Authentication failed: AADSTS7000215: Invalid client secret"
    )
    assert caught.value.hint.startswith("check `entra_tenant_id`")
    assert "not-the-secret" not in str(caught.value)


def test_a_certificate_of_an_unknown_authority_is_refused(load_in_cloud, cloud):
    with pytest.raises(CredentialsError, match="CERTIFICATE_VERIFY_FAILED"):
        load_in_cloud(storage_authentication="service_principal", **{**cloud.principal, "ca_bundle_path": None})


def test_a_signature_is_made_anew_when_half_of_its_time_is_over(cloud):
    """Azurite proves each: it lists with it, and lets nothing be written."""
    store = StagingStore({**cloud.storage, **cloud.principal, "storage_authentication": "service_principal"}, retries=0)
    asked, clock = [], [dt.datetime.now(dt.UTC) - LIFETIME / 2 - dt.timedelta(seconds=2)]

    def new_key(start, expiry):
        asked.append(expiry - start)
        return store._delegation_key(start, expiry)

    credential = DelegatedSignature(Scope(ACCOUNT, CONTAINER), new_key, now=lambda: clock[0])
    first = credential.secret
    clock[0] += LIFETIME / 2
    assert (credential.secret, len(asked)) == (first, 1)
    clock[0] += dt.timedelta(seconds=1)
    second = credential.secret
    assert (second != first, len(asked)) == (True, 2)
    for signed in (first, second):
        with ContainerClient(cloud.store.url, CONTAINER, credential=signed, connection_verify=cloud.store.trusted, retry_total=0) as container:
            list(container.list_blob_names())
            with pytest.raises(Exception, match="AuthorizationPermissionMismatch"):
                container.upload_blob("x", b"")
    store.close()


class Forwarding(BaseHTTPRequestHandler):
    """Hands each request on to the address that it names, as a proxy does."""

    protocol_version = "HTTP/1.1"

    def _forward(self):
        place = urlsplit(self.path)
        self.server.asked.append((self.command, place.netloc))
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        behind = HTTPConnection(place.netloc)
        behind.request(self.command, f"{place.path}?{place.query}", content, dict(self.headers))
        answer = behind.getresponse()
        told = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"content-length", "transfer-encoding", "connection", "server", "date"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)
        behind.close()

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _forward  # noqa: N815 - the names that http.server looks for

    def log_message(self, *_):
        """Nothing: stderr is the command's."""


@pytest.fixture
def proxy():
    with ThreadingHTTPServer(("127.0.0.1", 0), Forwarding) as server:
        server.asked, server.daemon_threads = [], True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_everything_for_the_storage_goes_through_the_proxy_that_is_named(proxy, load_here, table, azurite, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "nowhere.example")
    load_here(LINES, proxy_url=f"http://127.0.0.1:{proxy.server_port}")
    assert table("users") == [(1, "Ann")]
    assert {place for _, place in proxy.asked} == {urlsplit(azurite.url).netloc}
    assert {"GET", "PUT"} <= {method for method, _ in proxy.asked}


@pytest.mark.parametrize(
    ("url", "account", "upload"),
    [
        ("https://acct.blob.core.windows.net/", "acct", "https://acct.blob.core.windows.net"),
        ("https://acct.dfs.core.windows.net", "acct", "https://acct.blob.core.windows.net"),
        ("https://acct.privatelink.blob.core.windows.net", "acct", "https://acct.privatelink.blob.core.windows.net"),
        ("https://acct.z13.dfs.storage.azure.net", "acct", "https://acct.z13.blob.storage.azure.net"),
        ("https://acct.blob.core.chinacloudapi.cn", "acct", "https://acct.blob.core.chinacloudapi.cn"),
        ("https://acct.dfs.core.usgovcloudapi.net:443", "acct", "https://acct.blob.core.usgovcloudapi.net:443"),
        ("https://files.example.com", "files", "https://files.example.com"),
        ("http://127.0.0.1:10000/devstoreaccount1", "devstoreaccount1", "http://127.0.0.1:10000/devstoreaccount1"),
    ],
)
def test_an_account_is_known_by_each_of_its_addresses(url, account, upload):
    access = access_of({"storage_url": url, "storage_account_key": "a2V5"})
    assert (access.account, access.url, access.credential.named_key.name) == (account, upload, account)
    assert access_of({"storage_url": url, "storage_account_key": "a2V5", "storage_account": "other"}).account == "other"


@pytest.mark.parametrize(
    ("url", "service"),
    [
        ("https://blob.example.com", None),
        ("https://a.blob.core.windows.net", "blob"),
        ("https://a.dfs.core.windows.net", "dfs"),
        ("http://127.0.0.1:1/a", None),
    ],
)
def test_a_service_is_named_by_a_label_of_the_host_and_not_by_the_first(url, service):
    assert address.service_of(url) == service


def test_the_pool_sees_the_address_that_is_given_for_it_and_else_the_one_of_the_upload():
    given = {"storage_url": "https://acct.dfs.core.windows.net/", "storage_container": "stage", "storage_account_key": "a2V5"}
    seen = [StagingStore({**given, **more}).address("a/b") for more in ({}, {"copy_storage_url": "https://acct.privatelink.blob.core.windows.net/"})]
    assert seen == ["https://acct.dfs.core.windows.net/stage/a/b", "https://acct.privatelink.blob.core.windows.net/stage/a/b"]


PRINCIPAL = (
    "`storage_authentication` and `entra_client_id` and `entra_client_secret`: a service principal has a tenant, a client id and a secret; "
    "found `entra_tenant_id`"
)


def misfits(**settings):
    return [
        str(one)
        for one in settings_misfits(
            {"storage_url": "https://a", "storage_prefix": "p", "storage_container": "c", "user": "u", "password": "p", **settings}
        )
    ]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"storage_authentication": "sas", "storage_account_key": "k"}, ["`storage_authentication` and `storage_sas_token`: expected the secret for sas, found none"]),
        ({"storage_authentication": "service_principal", "entra_tenant_id": "t"},
         [PRINCIPAL]),
        ({"storage_authentication": "managed_identity"}, []),
        ({"storage_account_key": "k", "copy_credential": "user_delegation_sas"},
         ["`copy_credential` and `storage_authentication`: a user-delegation SAS is made with an identity: expected one of service_principal, managed_identity, default"]),
        ({"storage_authentication": "managed_identity", "copy_credential": "account_key"},
         ["`copy_credential` and `storage_account_key`: expected the key that COPY is to use, found none"]),
        ({"storage_account_key": "k", "copy_credential": "sas"},
         ["`copy_credential` and `copy_sas_token` and `storage_sas_token`: expected a signature for COPY, found none"]),
        ({"storage_account_key": "k", "copy_credential": "managed_identity"}, []),
        ({"storage_url": None, "storage_account_key": "k"}, ["`storage_url` and `storage_connection_secret`: expected one of the two, unless `load_via` is `insert`; found neither"]),
        ({"storage_url": None, "storage_connection_secret": "x"}, []),
    ],
)  # fmt: skip
def test_what_does_not_open_a_store_is_told_at_the_start(given, told):
    assert misfits(**given) == told


def test_azure_identity_is_imported_only_when_a_token_is_asked_for(cloud):
    """In a process of its own it would take a second; here the module stands in for it."""
    before = {name for name in sys.modules if name.startswith("azure.identity")}
    access_of({**cloud.storage, **cloud.principal, "storage_authentication": "service_principal"})
    assert {name for name in sys.modules if name.startswith("azure.identity")} == before
