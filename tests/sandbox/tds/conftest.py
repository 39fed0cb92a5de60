"""Servers in processes of their own: pyodbc holds the interpreter lock while it waits in SQLDescribeParam."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from sandbox.tds.certificate import self_signed

HERE = Path(__file__).parent
USER, PASSWORD = "loader", "Secret1!é"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    return self_signed(tmp_path_factory.mktemp("certificate"))


def neighbour(name):
    """A module of this folder, which is no package."""
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def scripted():
    """The module of the scripted engine, for what its answers should be."""
    return neighbour("scripted_engine")


@pytest.fixture(scope="session")
def raw():
    """The module of the raw client."""
    return neighbour("raw_client")


@pytest.fixture
def connect(port, raw):
    """A raw client; it is in unless it is told to stay at the door."""
    opened = []

    def connect(port=port, *, enter=True, **options):
        client = raw.RawClient(port)
        opened.append(client)
        if enter:
            client.enter(**options)
        return client

    yield connect
    for client in opened:
        client.close()


@contextmanager
def running_server(encryption, certificate=None):
    folder = [str(certificate.certificate.parent)] if certificate else []
    command = [sys.executable, str(HERE / "scripted_engine.py"), encryption, *folder]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()
            process.wait(10)


@pytest.fixture(scope="session")
def port():
    """A server without encryption."""
    with running_server("not_supported") as port:
        yield port


@pytest.fixture(scope="session")
def servers(certificate, port):
    """Ports by the server's encryption."""
    with running_server("off", certificate) as off, running_server("on", certificate) as on:
        yield {"not_supported": port, "off": off, "on": on}


@pytest.fixture(scope="session")
def pyodbc():
    try:
        return importlib.import_module("pyodbc")
    except ImportError as error:
        pytest.skip(f"pyodbc cannot be loaded, install Debian's libodbc2: {error}")


@pytest.fixture(scope="session")
def microsoft_driver():
    libraries = Path(importlib.import_module("mssql_python_odbc").get_libs_dir())
    found = sorted(libraries.rglob("debian_ubuntu/*/lib/libmsodbcsql*.so*")) or sorted(libraries.rglob("libmsodbcsql*.so*"))
    return str(found[0])


@pytest.fixture(scope="session")
def freetds_driver():
    found = sorted(Path("/usr/lib").glob("*/odbc/libtdsodbc.so"))
    if not found:
        pytest.skip("no FreeTDS ODBC driver: install Debian's tdsodbc")
    return str(found[0])


@pytest.fixture
def microsoft(pyodbc, microsoft_driver):
    """Connect with Microsoft's driver: `microsoft(port, autocommit=False, Encrypt="yes")`."""
    opened = []

    def connect(port, *, autocommit=True, timeout=0, **options):
        parts = {
            "DRIVER": microsoft_driver, "SERVER": f"127.0.0.1,{port}", "DATABASE": "pool", "UID": USER, "PWD": PASSWORD,
            "Encrypt": "no", "LongAsMax": "yes", "ConnectRetryCount": "0", **options,
        }  # fmt: skip
        connection = pyodbc.connect(";".join(f"{name}={value}" for name, value in parts.items()), autocommit=autocommit)
        connection.timeout = timeout
        opened.append(connection)
        return connection

    yield connect
    for connection in opened:
        connection.close()


@pytest.fixture
def freetds(pyodbc, freetds_driver):
    """Connect with FreeTDS's ODBC driver."""
    opened = []

    def connect(port, *, autocommit=True, **options):
        parts = {
            "DRIVER": freetds_driver, "SERVER": "127.0.0.1", "PORT": port, "DATABASE": "pool", "UID": USER, "PWD": PASSWORD,
            "TDS_Version": "7.4", "ClientCharset": "UTF-8", **options,
        }  # fmt: skip
        connection = pyodbc.connect(";".join(f"{name}={value}" for name, value in parts.items()), autocommit=autocommit)
        opened.append(connection)
        return connection

    yield connect
    for connection in opened:
        connection.close()
