"""HTTP through the network as companies have it: an authority of their own, and a proxy."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from singer_commons.errors import UnreachableError
from singer_commons.http import HttpClient, RetryPolicy


class Answering(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.seen.append((self.path, self.headers["User-Agent"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


@pytest.fixture
def serve():
    servers = []

    def start(context=None):
        server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        server.seen = []
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        servers.append((server, thread))
        return server

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def certificate(tmp_path):
    """A certificate for 127.0.0.1 that signs itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "authority.pem"
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(key.private_bytes(*plain) + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def client(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return HttpClient("the service", headers={"User-Agent": "tap-x/1.2"}, policy=RetryPolicy(max_tries=1))


def test_an_authority_of_ones_own_is_trusted_by_the_environment_and_only_then(serve, certificate, client, monkeypatch):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = serve(context)
    address = f"https://127.0.0.1:{server.server_port}/rows"
    with pytest.raises(UnreachableError, match=r"did not answer: SSLError \(tried 1 times\)"):
        client.request("GET", address)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    assert client.request("GET", address).json() == {}
    assert server.seen == [("/rows", "tap-x/1.2")]


def test_a_proxy_of_the_environment_is_used_but_for_the_hosts_that_no_proxy_names(serve, client, monkeypatch):
    proxy, server = serve(), serve()
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.server_port}")
    assert client.request("GET", "http://service.example/rows?page=1").json() == {}
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    address = f"http://127.0.0.1:{server.server_port}/direct"
    assert client.request("GET", address).json() == {}
    assert proxy.seen == [("http://service.example/rows?page=1", "tap-x/1.2")]
    assert server.seen == [("/direct", "tap-x/1.2")]


def test_every_request_has_a_time_limit(client, monkeypatch):
    limits = []

    def answer(_self, _method, _url, timeout=None, **_options):
        limits.append(timeout)
        answered = requests.Response()
        answered.status_code, answered.url = 200, _url
        return answered

    monkeypatch.setattr(requests.Session, "request", answer)
    client.request("GET", "http://service.example/")
    assert limits == [(10.0, 300.0)]
