import gzip
import importlib
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote

import pytest
from azure.storage.blob import ContainerClient
from sandbox.blob import azurite
from sandbox.http.control import Control

from sandbox import processes

pyodbc = pytest.importorskip("pyodbc", reason="the ODBC library is missing: `make setup` installs it", exc_type=ImportError)
pytestmark = pytest.mark.skipif(not azurite.CHECKOUT_MAIN.is_file(), reason="Azurite is not installed: `make setup` installs it")

TABLE = "[dbo].[orders]"
ROWS = [(1, 'näme, "quoted"', Decimal("10.50"), datetime.fromisoformat("2024-01-02 03:04:05.123456")), (2, None, None, None)]
CSV = '1,"näme, ""quoted""",10.50,2024-01-02 03:04:05.123456\n2,,,\n'


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    with processes.running(tmp_path_factory.mktemp("box"), ["blob", "synapse"]) as found:
        yield found


def connect(settings, password=None):
    driver = next(Path(importlib.import_module("mssql_python_odbc").get_libs_dir()).rglob("debian_ubuntu/*/lib/libmsodbcsql*.so*"))
    words = {
        "DRIVER": driver,
        "SERVER": f"{settings['TARGET_SYNAPSE_HOST']},{settings['TARGET_SYNAPSE_PORT']}",
        "DATABASE": settings["TARGET_SYNAPSE_DATABASE"],
        "UID": settings["TARGET_SYNAPSE_USER"],
        "PWD": password or settings["TARGET_SYNAPSE_PASSWORD"],
        "Encrypt": settings["TARGET_SYNAPSE_ENCRYPT"],
        "TrustServerCertificate": "yes",
    }
    return pyodbc.connect(";".join(f"{name}={{{value}}}" for name, value in words.items()), autocommit=True)


@pytest.fixture
def pool(settings):
    connection = connect(settings)
    yield connection
    Control(settings["SANDBOX_SYNAPSE_CONTROL_URL"]).clear_faults()
    connection.close()


@pytest.fixture
def control(settings):
    return Control(settings["SANDBOX_SYNAPSE_CONTROL_URL"])


def test_what_is_staged_is_copied_into_a_table_and_read_back_by_driver_and_control(settings, pool, control):
    url, container = settings["TARGET_SYNAPSE_STORAGE_URL"], settings["TARGET_SYNAPSE_STORAGE_CONTAINER"]
    key = settings["TARGET_SYNAPSE_STORAGE_ACCOUNT_KEY"]
    with ContainerClient(url, container, credential=key) as stage:
        stage.upload_blob("run/part.csv.gz", gzip.compress(CSV.encode()))
    pool.execute(
        f"CREATE TABLE {TABLE} ([id] bigint NOT NULL, [name] nvarchar(100) NULL, [amount] decimal(18,2) NULL, [at] datetime2(6) NULL)"
        " WITH (DISTRIBUTION = HASH([id]), CLUSTERED COLUMNSTORE INDEX)",
    )
    pool.execute(
        f"COPY INTO {TABLE} FROM '{url}/{container}/run/' WITH (FILE_TYPE = 'CSV', COMPRESSION = 'Gzip', ROWTERMINATOR = '0x0A', ENCODING = 'UTF8',"
        f" CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = '{key}'))",
    )
    assert [tuple(row) for row in pool.execute(f"SELECT * FROM {TABLE} ORDER BY [id]").fetchall()] == ROWS
    assert control.stored("query=" + quote(f"SELECT * FROM {TABLE} ORDER BY [id]")) == [
        {"id": 1, "name": 'näme, "quoted"', "amount": "10.50", "at": "2024-01-02 03:04:05.123456"},
        {"id": 2, "name": None, "amount": None, "at": None},
    ]


def test_a_wrong_password_is_refused_as_the_real_one_does(settings):
    with pytest.raises(pyodbc.InterfaceError, match="18456") as refused:
        connect(settings, password="wrong")
    assert refused.value.args[0] == "28000"


def test_a_planned_fault_strikes_the_statement_it_is_for(pool, control):
    control.fault(kind="error", pattern="AS two", number=1205)
    assert [one["pattern"] for one in control._call("GET", "faults")] == ["AS two"]
    assert pool.execute("SELECT 1 AS one").fetchval() == 1
    with pytest.raises(pyodbc.Error, match="1205"):
        pool.execute("SELECT 2 AS two")
    assert pool.execute("SELECT 2 AS two").fetchval() == 2


def test_faults_can_be_forgotten(pool, control):
    control.fault(kind="error", pattern="AS two", number=1205)
    control.clear_faults()
    assert pool.execute("SELECT 2 AS two").fetchval() == 2


def test_the_statements_that_ran_are_in_the_log_oldest_first(pool, control):
    control.forget_requests()
    pool.execute("SELECT 1 AS one OPTION (LABEL = 'first')").fetchall()
    pool.execute("SELECT 2 AS two").fetchall()
    assert [(one["status"], one["label"], "AS one" in one["command"]) for one in control.requests()] == [
        ("Completed", "first", True),
        ("Completed", None, False),
    ]


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        ("faults", {"kind": "nonsense"}, "unknown kind of fault 'nonsense'"),
        ("faults", {"wrong": 1}, "unexpected keyword argument 'wrong'"),
        ("change", {"data": 1}, "a pool's weather has"),
        ("change", {"service_level": "DW1c"}, "`service_level` is one of"),
    ],
)
def test_a_wrong_control_is_told_why(control, name, body, reason):
    with pytest.raises(HTTPError) as refused:
        control._call("POST", name, body)
    with refused.value as answer:
        assert (answer.code, reason in answer.read().decode()) == (400, True)


@pytest.mark.parametrize(("query", "reason"), [("", "say what to read"), ("query=SELECT%20*%20FROM%20nowhere", "208: Invalid object name")])
def test_a_query_that_the_pool_refuses_is_told_with_its_reason(control, query, reason):
    with pytest.raises(HTTPError) as refused:
        control.stored(query)
    with refused.value as answer:
        assert (answer.code, reason in answer.read().decode()) == (400, True)
