"""A pool, sessions on it, and Azurite for COPY."""

import os
import socket
import subprocess
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from azure.storage.blob import BlobServiceClient, ContainerSasPermissions, generate_container_sas
from sandbox.synapse import Pool
from sandbox.synapse.values.conversion import MACROS
from sandbox.tds.session import Login, RowCount, Rows, SqlError

ROOT = Path(__file__).resolve().parents[3]
ACCOUNT = "devstoreaccount1"  # Azurite's account and key, the same everywhere
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
SEEN: list[str] = []  # every batch the tests had accepted, for the test against Microsoft's grammar


class Client:
    """Talks to one session as the wire would."""

    def __init__(self, session):
        self.session = session

    def answers(self, sql, **parameters):
        """Rows as lists of tuples, counts as numbers."""
        answers = [
            [tuple(row) for row in answer.rows] if isinstance(answer, Rows) else answer.rows
            for answer in self.session.execute(sql, {f"@{name}": value for name, value in parameters.items()})
        ]
        SEEN.append(sql)
        return answers

    def run(self, sql, **parameters):
        """The last answer."""
        answers = self.answers(sql, **parameters)
        return answers[-1] if answers else None

    def columns(self, sql):
        """Name, type, length, precision and scale of a result's columns."""
        for answer in self.session.execute(sql, {}):
            assert not isinstance(answer, RowCount)
            return [(c.name, c.type.name, c.type.length, c.type.precision, c.type.scale) for c in answer.columns]
        return None

    def refused(self, sql, **parameters):
        """The number of the refusal."""
        with pytest.raises(SqlError) as caught:
            self.answers(sql, **parameters)
        return caught.value.number

    def message(self, sql):
        """Number and words of the refusal."""
        with pytest.raises(SqlError) as caught:
            self.answers(sql)
        return caught.value.number, caught.value.message


LOGIN = Login(user="loader", password="Secret1!", database="sales", application="tests", host="here")


@pytest.fixture
def pool():
    with closing(Pool(database="sales", users={"loader": "Secret1!"})) as made:
        yield made


@pytest.fixture
def connect(pool):
    clients = []

    def make():
        clients.append(Client(pool.login(LOGIN)))
        return clients[-1]

    yield make
    for client in clients:
        client.session.close()


@pytest.fixture
def client(connect):
    return connect()


@dataclass
class Stage:
    """One container of the blob store."""

    url: str
    service: BlobServiceClient
    container: str

    def put(self, name, data):
        self.service.get_blob_client(self.container, name).upload_blob(data)

    def sas(self, permissions="rl"):
        return generate_container_sas(
            ACCOUNT,
            self.container,
            account_key=KEY,
            permission=ContainerSasPermissions.from_string(permissions),
            expiry=datetime.now(UTC) + timedelta(hours=1),
        )

    def copy(self, table, *paths, options="FILE_TYPE = 'CSV', ROWTERMINATOR = '0x0A'", sas=None, columns=""):
        places = ", ".join(f"'{self.url}/{path}'" for path in paths)
        secret = self.sas() if sas is None else sas
        return f"COPY INTO {table} {columns} FROM {places} WITH ({options}, CREDENTIAL = (IDENTITY = 'Shared Access Signature', SECRET = '{secret}'))"


def _free_port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def azurite(tmp_path_factory):
    main = Path(os.environ.get("SANDBOX_AZURITE_MAIN") or ROOT / "sandbox/azurite/node_modules/azurite/dist/src/blob/main.js")
    if not main.is_file():
        pytest.skip(f"Azurite is not installed: {main} is not there (set SANDBOX_AZURITE_MAIN)")
    port = _free_port()
    command = [
        "node",
        str(main),
        "--blobHost",
        "127.0.0.1",
        "--blobPort",
        str(port),
        "--disableTelemetry",
        "--skipApiVersionCheck",
        "--inMemoryPersistence",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path_factory.mktemp("azurite"), text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "successfully listen" in line:
                break
        yield f"http://127.0.0.1:{port}/{ACCOUNT}"
        process.terminate()


@pytest.fixture
def stage(azurite, request):
    name = "c" + "".join(letter for letter in request.node.name.lower() if letter.isalnum())[:40] + str(abs(hash(request.node.nodeid)) % 10**8)
    with BlobServiceClient(azurite, credential=KEY) as service:
        service.create_container(name)
        yield Stage(f"{azurite}/{name}", service, name)


@pytest.fixture(scope="module")
def duck():
    """DuckDB with the pool's macros."""
    connection = duckdb.connect()
    for macro in MACROS:
        connection.execute(f"CREATE MACRO {macro}")
    yield connection
    connection.close()
