"""The pipelines' stand-in: who may ask, what a definition must say, and what becomes of a run."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from pathlib import Path

import pymssql
import pytest
import requests
from sandbox.adf.api import AdfStand
from sandbox.adf.copying import Places, statement, told
from sandbox.adf.expressions import DefinitionError, resolved
from sandbox.entra.tokens import Issuer
from sandbox.http.service import HttpService

TEMPLATE = json.loads((Path(__file__).parents[3] / "docs/adf-pipeline.json").read_text(encoding="utf-8"))
FACTORY = "/subscriptions/s/resourceGroups/g/providers/Microsoft.DataFactory/factories/f"
PLACES = Places("127.0.0.1", 1, "pool", "loader", "https://acct.blob.core.windows.net", "p", "k'ey")
MAPPING = {
    "type": "TabularTranslator",
    "mappings": [{"source": {"ordinal": 1}, "sink": {"name": "a]b"}}, {"source": {"ordinal": 2}, "sink": {"name": "c"}}],
}
GIVEN = {"container": "stage", "folder": "p/b", "tableSchema": "s", "tableName": "t'", "mapping": MAPPING, "label": "l", "mark": "m"}
ISSUER = Issuer(b"signs the tokens", "tenant")
FOR_A_FACTORY, FOR_A_WORKSPACE = "https://127.0.0.1", "https://0.0.1"  # the service behind the address; of a workspace, without its own name


def bearer(audience, **options):
    return {"Authorization": f"Bearer {ISSUER.token(subject='app', audience=audience, **options)}"}


@pytest.fixture
def service():
    running = HttpService(AdfStand(ISSUER, lambda: PLACES))
    running.start()
    running.stand.change({"pipelines": {"load": TEMPLATE}})
    yield running
    running.close()


@pytest.fixture
def ask(service):
    """Sends a request with a good token, unless headers say otherwise."""

    def send(method, path, version="2018-06-01", headers=None, **options):
        headers = bearer(FOR_A_FACTORY if path.startswith(FACTORY) else FOR_A_WORKSPACE) if headers is None else headers
        return requests.request(method, f"{service.url}{path}", params={"api-version": version}, headers=headers, timeout=10, **options)

    return send


@pytest.mark.parametrize(
    ("path", "version", "headers", "body", "status"),
    [
        (f"{FACTORY}/pipelines/load/createRun", "2018-06-01", {}, GIVEN, 401),
        (f"{FACTORY}/pipelines/load/createRun", "2018-06-01", {"Authorization": "Bearer none"}, GIVEN, 401),
        (f"{FACTORY}/pipelines/load/createRun", "2018-06-01", bearer(FOR_A_WORKSPACE), GIVEN, 401),
        (f"{FACTORY}/pipelines/load/createRun", "2018-06-01", bearer(FOR_A_FACTORY, lifetime_s=-1), GIVEN, 401),
        (f"{FACTORY}/pipelines/load/createRun", "2020-12-01", None, GIVEN, 400),
        ("/pipelines/load/createRun", "2018-06-01", None, GIVEN, 400),
        (f"{FACTORY}/pipelines/none/createRun", "2018-06-01", None, GIVEN, 404),
        (f"{FACTORY}/pipelines/load/createRun", "2018-06-01", None, {**GIVEN, "folder": None}, 200),
        (f"{FACTORY}/pipelines/load/createRun", "2018-06-01", None, {"container": "stage"}, 400),
        ("/pipelines/load/createRun", "2020-12-01", None, GIVEN, 202),
        (f"{FACTORY}/queryPipelineRuns", "2018-06-01", None, {}, 400),
    ],
)
def test_what_is_answered(ask, service, path, version, headers, body, status):
    service.stand.change({"next": ["nothing"]})
    assert ask("POST", path, version, headers, json=body).status_code == status


def test_a_run_that_is_held_ends_when_it_is_cancelled_or_let_go(ask, service):
    service.stand.change({"next": ["hold", "hold"]})
    first, second = (ask("POST", f"{FACTORY}/pipelines/load/createRun", json=GIVEN).json()["runId"] for _ in range(2))

    def status(run_id, wanted):
        return any(ask("GET", f"{FACTORY}/pipelineruns/{run_id}").json()["status"] == wanted for _ in range(1_000))

    assert status(first, "InProgress") is True
    assert ask("POST", f"{FACTORY}/pipelineruns/{first}/cancel").status_code == 200
    assert status(first, "Cancelled") is True
    service.stand.change({"release": True})
    assert status(second, "Failed") is True  # nothing listens where its pool should be
    assert "SqlOperationFailed" in service.stand.runs[second].message
    assert ask("GET", f"{FACTORY}/pipelineruns/none").status_code == 404


def test_a_query_may_not_show_a_run_yet(ask, service):
    service.stand.change({"next": ["nothing"]})
    run_id = ask("POST", f"{FACTORY}/pipelines/load/createRun", json=GIVEN).json()["runId"]
    service.stand.change({"unseen": 1})
    asked = {"lastUpdatedAfter": "2026-01-01T00:00:00Z", "lastUpdatedBefore": "2027-01-01T00:00:00Z"}
    shown = [[run["runId"] for run in ask("POST", f"{FACTORY}/queryPipelineRuns", json=asked).json()["value"]] for _ in range(2)]
    assert shown == [[], [run_id]]


@pytest.mark.parametrize(
    ("arguments", "number", "said"),
    [
        (
            (4834, b"You do not have permission.DB-Lib error message 20018, severity 14:\nGeneral SQL Server error"),
            4834,
            "You do not have permission.",
        ),
        (((40613, b"Not available.DB-Lib error message 20018, severity 14:\n"),), 40613, "Not available."),
        ((20047, b"DB-Lib error message 20047, severity 9:\nDBPROCESS is dead"), 10054, "A transport-level error has occurred"),
    ],
)
def test_an_activity_names_the_pools_number(arguments, number, said):
    message = told(pymssql.Error(*arguments))
    assert re.findall(r"SqlErrorNumber=(\d+)", message) == [str(number)]
    assert message.startswith(
        f"ErrorCode=SqlOperationFailed,'Type=Microsoft.DataTransfer.Common.Shared.HybridDeliveryException,Message=A database operation failed with the following error: '{said}"
    )


def test_the_template_comes_to_a_copy_into():
    assert statement(TEMPLATE, GIVEN, PLACES) == (
        "COPY INTO [s].[t'] ([a]]b] 1, [c] 2) FROM 'https://acct.blob.core.windows.net/stage/p/b/' "
        "WITH (FILE_TYPE = 'CSV', CREDENTIAL = (IDENTITY = 'Storage Account Key', SECRET = 'k''ey'), "
        "COMPRESSION = 'Gzip', FIELDQUOTE = '\"', FIELDTERMINATOR = ',', ROWTERMINATOR = '0x0A', ENCODING = 'UTF8')"
    )


@pytest.mark.parametrize(
    ("place", "name", "value", "reason"),
    [
        ("format", "nullValue", "NULL", "nullValue is left as default"),
        ("format", "encodingName", "UTF-16", "encodingName is left as default"),
        ("format", "rowDelimiter", "\r\n!", "rowDelimiter is a single character"),
        ("format", "escapeChar", "\\", "escapeChar must be the same as quoteChar"),
        ("format", "firstRowAsHeader", True, "mapped by ordinals"),
        ("store", "recursive", False, "recursive must be set to true"),
        ("sink", "allowCopyCommand", False, "allowCopyCommand only"),
    ],
)
def test_what_no_direct_copy_takes_is_refused(place, name, value, reason):
    changed = deepcopy(TEMPLATE)
    how = changed["pipeline"]["properties"]["activities"][0]["typeProperties"]
    places = {
        "format": changed["datasets"]["staged_files"]["properties"]["typeProperties"],
        "store": how["source"]["storeSettings"],
        "sink": how["sink"],
    }
    places[place][name] = value
    with pytest.raises(DefinitionError, match=reason):
        statement(changed, GIVEN, PLACES)


def test_expressions_are_worked_out_wherever_they_stand():
    value = {"a": "@pipeline().parameters.x", "b": [{"value": "@dataset().y", "type": "Expression"}], "c": "plain", "d": 1}
    assert resolved(value, {"x": {"z": 1}}, {"y": "w"}) == {"a": {"z": 1}, "b": ["w"], "c": "plain", "d": 1}
    for unknown in ("@pipeline().parameters.none", "@concat('a', 'b')"):
        with pytest.raises(DefinitionError, match=r"cannot be evaluated|does not know"):
            resolved(unknown, {}, {})


def test_wishes_that_mean_nothing_are_refused(service):
    for wish in ({"pipeline": {}}, {"next": ["explode"]}):
        with pytest.raises(ValueError, match=r"nothing is known of|a run ends by one of"):
            service.stand.change(wish)
