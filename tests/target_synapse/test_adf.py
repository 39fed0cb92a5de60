"""Pipelines: started once, waited for, and believed only as far as the staged rows say."""

from __future__ import annotations

import base64
import json

import pytest
from sandbox.http.faults import Fault
from singer_commons.errors import CredentialsError, DestinationError, UnreachableError
from singer_commons.http import RetryPolicy
from synapse_support.messages import USERS, record, schema_line, state
from synapse_support.ways import WAYS
from target_synapse.entra import Identity
from target_synapse.rows.types import BIGINT
from target_synapse.settings import settings_misfits
from target_synapse.sql.ddl import Column
from target_synapse.tables.naming import TableName
from target_synapse.ways import Staged
from target_synapse.ways.adf import AdfWay, parameters
from target_synapse.ways.pipelines import MARK, Pipelines, Started, scope_of

LINES = [schema_line(USERS), record(id=1, name="a"), record(id=2, name=""), state({"at": 2})]
FACTORY = "/subscriptions/s/resourceGroups/g/providers/Microsoft.DataFactory/factories/f"


@pytest.fixture
def load_by_pipeline(load_here, monkeypatch):
    """Loads; waits between tries are noted, not waited."""
    run_waits = []
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)
    monkeypatch.setattr("singer_commons.http.HttpClient._counted_sleep", lambda _self, wait_s: run_waits.append(wait_s))

    def run(lines=LINES, **changes):
        return load_here(lines, **WAYS["adf"], **changes)

    run.waits_s = run_waits
    return run


def token_of(settings):
    token = Identity("service_principal", settings).get_token(scope_of(settings["adf_url"])).token
    return lambda: token


def starts(pipelines):
    return [one for one in pipelines.requests if one["path"].endswith("/createRun")]


def test_the_pipeline_is_given_files_table_and_columns(load_by_pipeline, pipelines, table, schema):
    assert load_by_pipeline() == [{"at": 2}]
    assert table("users") == [(1, "a"), (2, "")]
    (run,) = pipelines.stand.runs.values()
    given = run.parameters
    assert given["container"] == "stage"
    assert given["folder"].startswith(f"{schema}/")
    assert (given["tableSchema"], given["tableName"][:8]) == (schema, "_sdc_stg")
    assert [(one["source"]["ordinal"], one["sink"]["name"]) for one in given["mapping"]["mappings"]] == [(1, "id"), (2, "name"), (3, "_sdc_row")]
    assert "step=adf" in given["label"]


def test_the_template_declares_just_what_is_given(pipelines):
    declared = pipelines.stand.pipelines["load"]["pipeline"]["properties"]["parameters"]
    staged = Staged([Column("id", BIGINT)], ["p/r/s/b/00001.csv.gz"], 1)
    given = parameters("stage", TableName("s", "t"), staged, label="l", mark="m")
    assert list(declared) == list(given)
    assert {name for name, one in declared.items() if one["type"] == "object"} == {name for name, value in given.items() if isinstance(value, dict)}


def test_a_workspaces_pipeline_runs_under_its_own_address(load_by_pipeline, pipelines, table):
    load_by_pipeline(adf_url=f"{pipelines.url}/")
    assert table("users") == [(1, "a"), (2, "")]
    assert [(one["path"], one["query"], one["status"]) for one in starts(pipelines)[-1:]] == [
        ("/pipelines/load/createRun", {"api-version": "2020-12-01"}, 202)
    ]


@pytest.mark.parametrize(
    ("outcomes", "reason"),
    [
        (["fail", "fail"], r"the pipeline load ended as Failed: Operation on target Copy failed: ErrorCode=UserErrorSourceBlobNotExist \(run .*\)"),
        (["cancel"], r"the pipeline load ended as Cancelled \(run .*\)"),
        (["nothing"], r"2 rows were staged for .*, and 0 arrived"),
    ],
)
def test_a_pipeline_that_does_not_do_its_work_ends_the_run(outcomes, reason, load_by_pipeline, pipelines, table, staged):
    pipelines.stand.change({"next": outcomes})
    with pytest.raises(DestinationError, match=reason):
        load_by_pipeline()
    assert (load_by_pipeline.waits_s, table("users"), staged()) == ([], [], [])


def test_a_pipeline_that_fails_is_started_once_more(load_by_pipeline, pipelines, table):
    pipelines.stand.change({"next": ["fail"]})
    assert load_by_pipeline() == [{"at": 2}]
    assert ([one.outcome for one in pipelines.stand.runs.values()], table("users")) == (["fail", "copy"], [(1, "a"), (2, "")])


@pytest.mark.slow
def test_a_pipeline_that_the_pool_refuses_is_not_started_again_and_one_that_finds_it_away_is(load_by_pipeline, pipelines, pool, schema, table):
    pool.fault("error", rf"COPY INTO \[{schema}\]", number=4834, message="You do not have permission to use the bulk load statement.")
    with pytest.raises(DestinationError, match=r"permission to use the bulk load statement\..*SqlErrorNumber=4834"):
        load_by_pipeline()
    assert len(pipelines.stand.runs) == 1
    pool.fault("error", rf"COPY INTO \[{schema}\]", number=40613, times=3)
    assert load_by_pipeline() == [{"at": 2}]
    assert (len(pipelines.stand.runs), table("users")) == (5, [(1, "a"), (2, "")])


@pytest.mark.parametrize("kind", [pytest.param("disconnect_before", marks=pytest.mark.slow), "disconnect_after"])
def test_a_pipeline_whose_own_connection_is_lost_fills_the_table_anew(kind, load_by_pipeline, pipelines, pool, schema, table):
    """Also where its rows had come: they are not there twice."""
    pool.fault(kind, rf"COPY INTO \[{schema}\]")
    lines = [schema_line(USERS, keys=()), *LINES[1:]]
    assert load_by_pipeline(lines) == [{"at": 2}]
    assert (len(pipelines.stand.runs), table("users")) == (2, [(1, "a"), (2, "")])


@pytest.mark.parametrize("outcome", ["copy", pytest.param("hold", marks=pytest.mark.slow)])
def test_a_start_without_an_answer_that_becomes_a_run_later_is_ended_and_its_rows_are_not_there_twice(outcome, load_by_pipeline, pipelines, table):
    pipelines.faults.plan(Fault(path="*/createRun", cut=True, after_effect=True))
    pipelines.stand.change({"next": [outcome]})
    lines = [schema_line(USERS, keys=()), *LINES[1:]]

    def unseen_from_here():  # the check at the start looks, too
        pipelines.stand.change({"unseen": 1})
        yield from lines

    assert load_by_pipeline(unseen_from_here()) == [{"at": 2}]
    first, *others = pipelines.stand.runs.values()
    assert (first.status, len(others), table("users")) == ({"copy": "Succeeded", "hold": "Cancelled"}[outcome], 2, [(1, "a"), (2, "")])


def test_a_start_is_made_again_no_sooner_than_the_service_asks(settings, pipelines):
    pipelines.faults.plan(Fault(path="*/createRun", status=429, headers={"Retry-After": "7"}))
    waits_s = []
    service = Pipelines(settings, token_of(settings), sleep=waits_s.append)
    names = pipelines.stand.pipelines["load"]["pipeline"]["properties"]["parameters"]
    service.start("load", {**dict.fromkeys(names, "x"), MARK: "m"}, pause_s=0.5)
    assert (waits_s, service.waited_s, service.calls) == ([7.0], 7.0, 3)  # two starts, and a look between them


def test_calls_of_pipelines_and_waits_between_their_tries_are_counted(load_here, pipelines, monkeypatch):
    """As those of the stream; a pipeline at work is no wait."""
    monkeypatch.setattr("singer_commons.http.RetryPolicy.wait_s", lambda *_: 0.01)
    before = len(pipelines.requests)
    load_here(LINES, **WAYS["adf"])
    account, made = load_here.account, len(pipelines.requests) - before
    (statements, of_pipelines) = account.service.services
    assert (of_pipelines.calls, account.service.calls, of_pipelines.waited_s) == (made, statements.calls + made, 0.0)
    assert account.streams["users"].calls >= made - 1  # all but the look at the start
    pipelines.faults.plan(Fault(path="*/pipelineruns/*", status=503, times=2))
    load_here(LINES, **WAYS["adf"])
    account = load_here.account
    assert account.service.services[1].waited_s > 0
    assert account.streams["users"].waited_s == account.calls()[1] == account.service.services[1].waited_s


def test_a_pipelines_service_that_goes_away_leaves_no_staging_table(load_by_pipeline, pipelines, pool, schema, staged):
    pipelines.faults.plan(Fault(path="*/pipelineruns/*", status=503, times=99))
    with pytest.raises(UnreachableError, match="with 503"):
        load_by_pipeline()
    tables = pool.rows(f"SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = N'{schema}' ORDER BY TABLE_NAME")
    assert (tables, staged(), load_by_pipeline.waits_s != []) == ([("_sdc_load_ledger",), ("users",)], [], True)


def test_a_pipeline_that_takes_too_long_is_cancelled(load_by_pipeline, pipelines):
    pipelines.stand.change({"next": ["hold"]})
    with pytest.raises(DestinationError, match=r"the pipeline load was \w+ after 0 minutes, and was cancelled") as caught:
        load_by_pipeline(adf_timeout_minutes=0.002)
    (run,) = pipelines.stand.runs.values()
    assert run.cancelled.is_set()
    assert "raise `adf_timeout_minutes`" in caught.value.hint


def test_a_start_whose_answer_is_lost_is_found_and_not_made_twice(load_by_pipeline, pipelines, table):
    pipelines.faults.plan(Fault(path="*/createRun", cut=True, after_effect=True))
    load_by_pipeline()
    assert len(pipelines.stand.runs) == 1
    assert table("users") == [(1, "a"), (2, "")]


@pytest.mark.parametrize("fault", [{"cut": True}, {"status": 503}, {"status": 429, "headers": {"Retry-After": "0"}}], ids=["cut", "503", "429"])
def test_a_start_that_the_service_did_not_make_is_made_again(fault, load_by_pipeline, pipelines, table):
    pipelines.faults.plan(Fault(path="*/createRun", **fault))
    load_by_pipeline()
    assert len(pipelines.stand.runs) == 1
    assert table("users") == [(1, "a"), (2, "")]


def test_looking_is_throttled_as_long_as_the_service_asks(load_by_pipeline, pipelines, table):
    pipelines.faults.plan(Fault(path="*/pipelineruns/*", status=429, headers={"Retry-After": "7"}, times=2))
    load_by_pipeline()
    assert load_by_pipeline.waits_s == [7.0, 7.0]
    assert table("users") == [(1, "a"), (2, "")]


def test_a_service_that_stays_away_ends_the_run(load_by_pipeline, pipelines):
    pipelines.faults.plan(Fault(path="*/createRun", status=503, times=9))
    with pytest.raises(UnreachableError, match=r"answered POST .*createRun with 503"):
        load_by_pipeline()
    assert [one["status"] for one in starts(pipelines)[-5:]] == [503] * 5


@pytest.mark.parametrize(
    ("changes", "kind", "reason", "hint"),
    [
        ({"entra_client_secret": "wrong-secret"}, CredentialsError, "Entra ID gives no token to the service principal", "check `entra_tenant_id`"),
        ({"adf_pipeline": "nosuch"}, DestinationError, "there is no pipeline nosuch", "check `adf_url` and `adf_pipeline`"),
    ],
)
def test_wrong_settings_are_named(changes, kind, reason, hint, load_by_pipeline, table):
    with pytest.raises(kind, match=reason) as caught:
        load_by_pipeline(**changes)
    assert caught.value.hint.startswith(hint)
    assert "wrong-secret" not in str(caught.value)


def test_a_refused_identity_is_told_which_role_it_needs(load_by_pipeline, pipelines):
    pipelines.faults.plan(Fault(path="*/queryPipelineRuns", status=403, body='{"error": {"code": "AuthorizationFailed"}}'))
    with pytest.raises(CredentialsError) as caught:
        load_by_pipeline()
    assert "Data Factory Contributor" in caught.value.hint


def starter(pipelines):
    """Whom the token names with which the last pipeline was started."""
    claims = starts(pipelines)[-1]["headers"]["authorization"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(claims + "=="))["appid"]


def test_the_machines_own_identity_starts_the_pipeline_without_any_secret(load_by_pipeline, pipelines, running_pipelines_of_all, table, monkeypatch):
    for name, value in running_pipelines_of_all.entra.identity_environment.items():
        monkeypatch.setenv(name, value)
    nobody = dict.fromkeys(("entra_tenant_id", "entra_client_id", "entra_client_secret"))
    load_by_pipeline(adf_authentication="managed_identity", **nobody)
    assert table("users") == [(1, "a"), (2, "")]
    assert starter(pipelines) == running_pipelines_of_all.entra.directory.identity


@pytest.mark.slow
def test_the_default_chain_starts_the_pipeline_as_who_the_environment_names(load_by_pipeline, pipelines, settings, table, monkeypatch):
    names = ("tenant_id", "client_id", "client_secret")
    for name in names:
        monkeypatch.setenv(f"AZURE_{name.upper()}", settings[f"entra_{name}"])
    load_by_pipeline(adf_authentication="default", **{f"entra_{name}": None for name in names})
    assert table("users") == [(1, "a"), (2, "")]
    assert starter(pipelines) == settings["entra_client_id"]


def test_a_machine_without_an_identity_is_told_at_the_start(load_by_pipeline, pipelines, running_pipelines_of_all, monkeypatch):
    environment = {**running_pipelines_of_all.entra.identity_environment, "IDENTITY_HEADER": "of another machine"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(CredentialsError, match="Entra ID gives no token to the managed identity") as caught:
        load_by_pipeline(adf_authentication="managed_identity")
    assert caught.value.hint.startswith("a managed identity is there only on a machine in Azure")
    assert pipelines.stand.runs == {}


@pytest.mark.parametrize("kind", ["managed_identity", "default"])
def test_an_identity_without_a_secret_needs_none_in_the_settings(kind):
    storage = {"user": "u", "password": "p", "storage_url": "https://a", "storage_container": "c", "storage_prefix": "p", "storage_account_key": "k"}
    way = {"load_via": "adf", "adf_url": "https://x", "adf_pipeline": "p", "adf_authentication": kind}
    assert list(settings_misfits({**storage, **way})) == []


def test_settings_that_lack_are_told_together():
    storage = {"user": "u", "password": "p", "storage_url": "https://a", "storage_container": "c", "storage_prefix": "p", "storage_account_key": "k"}
    told = [str(one) for one in settings_misfits({**storage, "load_via": "adf", "entra_tenant_id": "t"})]
    assert told == [
        "`adf_url` and `adf_pipeline`: expected, with `load_via` `adf`; found nothing",
        "`adf_authentication` and `entra_client_id` and `entra_client_secret`: a service principal has a tenant, a client id and a secret; found `entra_tenant_id`",
    ]


def test_a_run_is_found_on_a_later_page(settings, pipelines):
    quiet = RetryPolicy(max_tries=1)
    service = Pipelines(settings, token_of(settings), policy=quiet)
    pipelines.stand.change({"next": ["nothing"] * 103})
    names = pipelines.stand.pipelines["load"]["pipeline"]["properties"]["parameters"]
    made = [service.start("load", {**dict.fromkeys(names, "x"), MARK: f"m{number}"}, pause_s=0) for number in range(103)]
    assert service.found("load", "m102") == [made[-1].run_id]
    assert service.found("load", "m103") == []


def test_a_long_wait_is_told_now_and_then(settings, caplog):
    class Slow:
        looks = 0

        def start(self, pipeline, given, *, pause_s):
            return Started("run-1")

        def state(self, run_id):
            self.looks += 1
            return type("State", (), {"status": "Succeeded" if self.looks > 60 else "InProgress", "message": ""})

    now_s = [0.0]
    caplog.set_level("INFO")
    way = AdfWay({**settings, "adf_poll_s": 5}, Slow(), sleep=lambda wait_s: now_s.__setitem__(0, now_s[0] + wait_s), clock=lambda: now_s[0])
    way.fill(TableName("s", "t"), Staged([Column("id", BIGINT)], ["f/1.csv.gz"], 1), lambda step: step)
    told = [one.getMessage() for one in caplog.records]
    assert told == [f"The pipeline load is InProgress for {waited} s now (run run-1)" for waited in (60, 120, 240)]


@pytest.mark.parametrize(
    ("url", "scope"),
    [
        (f"https://management.azure.com{FACTORY}", "https://management.azure.com/.default"),
        ("https://ws.dev.azuresynapse.net", "https://dev.azuresynapse.net/.default"),
        ("https://ws.dev.azuresynapse.azure.cn/", "https://dev.azuresynapse.azure.cn/.default"),
    ],
)
def test_a_token_is_for_the_service_behind_the_address(url, scope):
    assert scope_of(url) == scope


def test_the_template_is_valid_for_another_format_only_if_it_is_a_direct_copy(load_by_pipeline, pipelines):
    changed = json.loads(json.dumps(pipelines.stand.pipelines["load"]))
    changed["datasets"]["staged_files"]["properties"]["typeProperties"]["escapeChar"] = "\\"
    pipelines.stand.change({"pipelines": {"escaped": changed}})
    with pytest.raises(DestinationError, match="escapeChar must be the same as quoteChar"):
        load_by_pipeline(adf_pipeline="escaped")
