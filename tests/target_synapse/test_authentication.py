"""Logins by each kind of authentication, by Microsoft's driver to the stand-in, which checks the tokens."""

from __future__ import annotations

import struct

import pytest
from sandbox.entra.tokens import Issuer
from singer_commons.errors import CredentialsError, UnreachableError
from synapse_support.azure_cloud import CLIENT, TENANT, TOKEN_KEY
from synapse_support.messages import USERS, record, schema_line
from target_synapse.pool import odbc
from target_synapse.pool.connection import Pool
from target_synapse.pool.token_login import SQL_COPT_SS_ACCESS_TOKEN, TokenLogin, resource
from target_synapse.settings import settings_misfits

ISSUER, SQL = Issuer(TOKEN_KEY.encode(), TENANT), "https://database.windows.net"
WHO = "SELECT login_name FROM sys.dm_pdw_exec_sessions WHERE session_id = SESSION_ID()"


def who(**config):
    pool = Pool(config)
    try:
        return pool.rows(WHO, doing="cannot ask who is logged in")[0][0]
    finally:
        pool.close()


def test_a_service_principal_logs_in_with_a_token(cloud):
    assert who(**cloud.database, **cloud.principal, authentication="service_principal") == CLIENT


def test_a_managed_identity_logs_in_without_any_secret(cloud, monkeypatch):
    for name, value in cloud.entra.identity_environment.items():
        monkeypatch.setenv(name, value)
    settings = {**cloud.database, "authentication": "managed_identity", "ca_bundle_path": str(cloud.certificate.certificate)}
    assert who(**settings) == cloud.entra.directory.identity


def test_the_default_chain_logs_in_as_who_the_environment_names(cloud, monkeypatch):
    for name in ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.setenv(f"AZURE_{name}", cloud.principal[f"entra_{name.lower()}"])
    settings = {**cloud.database, "authentication": "default", "entra_authority_url": cloud.entra.url}
    assert who(**settings, ca_bundle_path=str(cloud.certificate.certificate)) == CLIENT


@pytest.mark.parametrize("encrypt", ["yes", "strict"])
def test_a_token_of_ones_own_logs_in_over_either_encryption(cloud, encrypt):
    token = ISSUER.token(subject=CLIENT, audience=SQL)
    settings = {**cloud.database, "authentication": "access_token", "access_token": token, "encrypt": encrypt}
    assert who(**settings, server_certificate_path=str(cloud.certificate.certificate) if encrypt == "strict" else None) == CLIENT


def test_strict_encryption_trusts_no_certificate_that_nobody_vouches_for(cloud):
    with pytest.raises(UnreachableError, match="certificate verify failed"):
        who(**{**cloud.database, "user": "loader", "password": "Secret1!", "encrypt": "strict"})


@pytest.mark.parametrize("encrypt", ["no", "yes"])
def test_a_login_of_sql_goes_on_as_before(cloud, encrypt):
    assert who(**{**cloud.database, "user": "loader", "password": "Secret1!", "encrypt": encrypt}) == "loader"


@pytest.mark.parametrize(
    "token",
    [
        ISSUER.token(subject=CLIENT, audience="https://storage.azure.com"),
        ISSUER.token(subject=CLIENT, audience=SQL, lifetime_s=-1),
        ISSUER.token(subject="nobody", audience=SQL),
        Issuer(b"another", TENANT).token(subject=CLIENT, audience=SQL),
        "no token at all",
    ],
    ids=["for the storage", "expired", "of nobody with a user here", "signed by another", "none"],
)
def test_a_wrong_token_is_refused_and_not_shown(cloud, token):
    with pytest.raises(CredentialsError) as caught:
        who(**cloud.database, authentication="access_token", access_token=token)
    assert str(caught.value) == "cannot connect to 127.0.0.1: Login failed for user '<token-identified principal>'. (18456)"
    assert caught.value.hint.startswith("check `user` and `password`, or the identity of Entra ID")


def test_one_identity_loads_through_storage_and_pool_and_the_pool_reads_with_it_too(cloud, load_here, schema):
    """No secret of the storage, none of SQL, and no credential in the COPY."""
    settings = {**cloud.database, **cloud.storage, **cloud.principal, "storage_account_key": None, "authentication": "service_principal"}
    load_here([schema_line(USERS), record(id=1, name="Ann")], **settings, storage_authentication="service_principal", copy_credential="entra_user")
    assert cloud.pool.rows(f"SELECT * FROM [{schema}].[users]") == [(1, "Ann")]
    (copy,) = cloud.pool.statements(f"COPY INTO [{schema}]")
    assert "CREDENTIAL" not in copy


def test_the_drivers_own_way_with_a_password_is_asked_for_and_told_apart_by_the_stand_in(cloud):
    """It fetches its token itself, from an address that a server names, which the stand-in does not: the refusal shows that it asked."""
    settings = {**cloud.database, "user": "ann@example.com", "password": "p", "authentication": "entra_password"}
    assert "Authentication={ActiveDirectoryPassword}" in odbc.connection_string(settings, "driver")
    with pytest.raises(Exception, match="not one by way of library 2"):
        who(**settings)


@pytest.mark.parametrize("kind", ["service_principal", "managed_identity", "default", "access_token"])
def test_beside_a_token_no_name_and_no_password_stand_in_the_connection_string(kind):
    text = odbc.connection_string({"host": "h", "database": "d", "authentication": kind, "user": "u", "password": "p"}, "driver")
    assert [word for word in ("UID", "PWD", "Authentication") if word in text] == []


def test_a_token_is_handed_to_the_driver_with_its_length_in_bytes():
    given = TokenLogin({"authentication": "access_token", "access_token": "aé"}).attributes()
    assert given == {SQL_COPT_SS_ACCESS_TOKEN: struct.pack("<I", 4) + "aé".encode("utf-16-le")}
    assert TokenLogin({}).attributes() == {}


@pytest.mark.parametrize(
    ("authority", "wanted"),
    [
        (None, SQL),
        ("https://login.microsoftonline.com", SQL),
        ("https://login.microsoftonline.us/", "https://database.usgovcloudapi.net"),
        ("https://login.chinacloudapi.cn", "https://database.chinacloudapi.cn"),
    ],
)
def test_a_token_is_for_the_pools_of_its_cloud(authority, wanted):
    assert resource({"entra_authority_url": authority}) == wanted


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, ["`user`: expected it for `authentication` sql, found none", "`password`: expected it for `authentication` sql, found none"]),
        ({"authentication": "entra_password", "user": "u"}, ["`password`: expected it for `authentication` entra_password, found none"]),
        ({"authentication": "access_token"}, ["`access_token`: expected it for `authentication` access_token, found none"]),
        ({"authentication": "managed_identity"}, []),
        ({"authentication": "managed_identity", "encrypt": "no"},
         ["`encrypt` and `authentication`: managed_identity goes over an encrypted connection only"]),
        ({"authentication": "service_principal", "entra_tenant_id": "t", "entra_client_id": "c"},
         ["`authentication` and `entra_client_secret`: a service principal has a tenant, a client id and a secret; found `entra_tenant_id` and `entra_client_id`"]),
        ({"user": "u", "password": "p", "copy_credential": "entra_user"},
         ["`copy_credential` and `authentication`: the logged-in user is one of SQL, and has no roles on a storage"]),
    ],
)  # fmt: skip
def test_what_a_login_lacks_is_told_at_the_start(given, told):
    assert [str(one) for one in settings_misfits({"load_via": "insert", **given})] == told
