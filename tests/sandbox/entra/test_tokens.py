"""The token service as azure-identity, Microsoft's own client, finds it; and what a token is worth afterwards."""

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential, ManagedIdentityCredential
from sandbox.entra.api import Directory
from sandbox.entra.service import EntraService
from sandbox.entra.tokens import Issuer
from sandbox.tds.certificate import self_signed

ISSUER = Issuer(b"key", "11111111-1111-1111-1111-111111111111")
STORAGE = "https://storage.azure.com"


@pytest.fixture(scope="module")
def entra(tmp_path_factory):
    service = EntraService(Directory(ISSUER, {"app": "its-secret"}), self_signed(tmp_path_factory.mktemp("entra")))
    service.start()
    yield service
    service.close()


@pytest.fixture
def trusted(entra, tmp_path_factory):
    return {"connection_verify": str(entra.certificate.certificate)}


def principal(entra, trusted, tenant=ISSUER.tenant, application="app", secret="its-secret"):
    return ClientSecretCredential(tenant, application, secret, authority=entra.url, disable_instance_discovery=True, **trusted)


def test_an_application_with_its_secret_gets_a_token_for_what_it_asks(entra, trusted):
    token = principal(entra, trusted).get_token(f"{STORAGE}/.default").token
    assert (ISSUER.subject(token, audience=STORAGE), ISSUER.subject(token, audience="https://database.windows.net")) == ("app", None)


@pytest.mark.parametrize(
    ("asked", "number"), [({"secret": "wrong"}, 7000215), ({"application": "nobody"}, 700016), ({"tenant": "elsewhere"}, 90002)], ids=str
)
def test_others_are_refused_by_number(entra, trusted, asked, number):
    with pytest.raises(ClientAuthenticationError, match=f"AADSTS{number}"):
        principal(entra, trusted, **asked).get_token(f"{STORAGE}/.default")


def test_a_machine_with_the_header_gets_a_token_for_its_own_identity(entra, trusted, monkeypatch):
    for name, value in entra.identity_environment.items():
        monkeypatch.setenv(name, value)
    token = ManagedIdentityCredential(**trusted).get_token(f"{STORAGE}/.default").token
    assert ISSUER.subject(token, audience=STORAGE) == entra.directory.identity
    monkeypatch.setenv("IDENTITY_HEADER", "another")
    with pytest.raises(ClientAuthenticationError):
        ManagedIdentityCredential(**trusted).get_token(f"{STORAGE}/.default")


@pytest.mark.parametrize("token", ["", "a.b.c", "a", Issuer(b"other", ISSUER.tenant).token(subject="app", audience=STORAGE)])
def test_a_token_of_somebody_else_is_nobodys(token):
    assert ISSUER.subject(token, audience=STORAGE) is None


def test_a_token_has_an_end():
    assert ISSUER.subject(ISSUER.token(subject="app", audience=STORAGE, lifetime_s=-1), audience=STORAGE) is None
