"""Pipelines of Azure Data Factory and of Synapse workspaces, by REST: one is started, looked at until it ends, and cancelled if it takes too long.

- Data Factory: https://learn.microsoft.com/rest/api/datafactory/pipelines/create-run, .../pipeline-runs/get, .../pipeline-runs/cancel, .../pipeline-runs/query-by-factory
- Synapse: https://learn.microsoft.com/rest/api/synapse/data-plane/pipeline/create-pipeline-run and .../pipeline-run

Both have the same paths below their own address, with another version. A start is not repeated blindly: where its answer is lost, the runs are
searched for one with our mark first.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from singer_commons.errors import DestinationError, RejectedError, SuiteError, UnreachableError
from singer_commons.http import HttpClient, RetryPolicy

from target_synapse.entra import transport_options

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OF_A_FACTORY = "/providers/microsoft.datafactory/factories/"
FACTORY_VERSION, WORKSPACE_VERSION = "2018-06-01", "2020-12-01"
ENDED = ("Succeeded", "Failed", "Cancelled")  # the others: Queued, InProgress, Canceling (PipelineRun, "status")
STARTS = 5  # tries to start a pipeline
ONCE = RetryPolicy(max_tries=1)
SEARCHED = timedelta(days=1)  # before and after now: clocks differ
MARK = "mark"  # the parameter that tells one start from all others
NOT_FOUND = 404
logger = logging.getLogger("target-synapse")


@dataclass(frozen=True, slots=True)
class Started:
    """A run; unless `is_alone`, a start before it had no answer and was not found, and may have become a run since."""

    run_id: str
    is_alone: bool = True


@dataclass(frozen=True, slots=True)
class RunState:
    """How far a run is."""

    status: str
    message: str = ""


class Pipelines:
    """The pipelines of a factory or workspace at an address, as a service that counts its calls. `token` gives the bearer token for each request."""

    def __init__(
        self,
        config: Mapping[str, Any],
        token: Callable[[], str],
        *,
        policy: RetryPolicy | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base = str(config["adf_url"]).rstrip("/")
        self._query = {"api-version": FACTORY_VERSION if is_factory(self._base) else WORKSPACE_VERSION}
        self._token, self._options, self._sleep = token, _request_options(config), sleep
        hint = "give the identity of `adf_authentication` the role Data Factory Contributor, or Synapse Compute Operator, there"
        self._client = HttpClient("The pipelines' service", headers={}, policy=policy, key_hint=hint)
        self._starter = HttpClient("The pipelines' service", headers={}, policy=ONCE, key_hint=hint)
        self._paused_s = 0.0

    @property
    def calls(self) -> int:
        """Requests made, retries included."""
        return self._client.calls + self._starter.calls

    @property
    def waited_s(self) -> float:
        """Seconds spent waiting between tries; a pipeline at work is waited for as a statement is, uncounted."""
        return self._client.waited_s + self._starter.waited_s + self._paused_s

    def start(self, pipeline: str, parameters: Mapping[str, Any], *, pause_s: float) -> Started:
        """Start the pipeline; `parameters` have a MARK of this start alone. Raises SuiteErrors."""
        url = f"{self._base}/pipelines/{quote(pipeline, safe='')}/createRun"
        for tries in range(1, STARTS + 1):
            try:
                answer = self._answer(self._starter, "POST", url, parameters)
            except UnreachableError as error:
                if tries == STARTS:
                    raise
                logger.info("%s; looking whether %s runs", error, pipeline)
                self._pause(max(pause_s * tries, asked_wait_s(error)))
                if found := self.found(pipeline, parameters[MARK]):
                    return Started(found[0])
            except RejectedError as error:
                if error.status == NOT_FOUND:
                    raise DestinationError(
                        f"there is no pipeline {pipeline}: {error}", hint="check `adf_url` and `adf_pipeline`; publish the pipeline"
                    ) from error
                raise
            else:
                return Started(str(answer["runId"]), is_alone=tries == 1)
        raise AssertionError  # the last try returns or raises

    def state(self, run_id: str) -> RunState:
        """How far the run is."""
        answer = self._answer(self._client, "GET", f"{self._base}/pipelineruns/{quote(run_id, safe='')}")
        return RunState(str(answer.get("status")), str(answer.get("message") or ""))

    def cancel(self, run_id: str) -> None:
        """End the run; a failure is only told."""
        try:
            self._answer(self._client, "POST", f"{self._base}/pipelineruns/{quote(run_id, safe='')}/cancel")
        except SuiteError as error:
            logger.warning("The pipeline run %s goes on: %s", run_id, error)

    def check(self, pipeline: str) -> None:
        """Look at the pipeline's runs. Raises CredentialsError, DestinationError or UnreachableError."""
        self.found(pipeline, "")

    def found(self, pipeline: str, mark: str) -> list[str]:
        """The pipeline's runs with the mark, as far as the service shows them by now."""
        now = datetime.now(UTC)
        asked = {
            "lastUpdatedAfter": (now - SEARCHED).isoformat(),
            "lastUpdatedBefore": (now + SEARCHED).isoformat(),
            "filters": [{"operand": "PipelineName", "operator": "Equals", "values": [pipeline]}],
        }
        runs: list[str] = []
        while True:
            answer = self._answer(self._client, "POST", f"{self._base}/queryPipelineRuns", asked)
            runs += [str(run["runId"]) for run in answer.get("value", ()) if (run.get("parameters") or {}).get(MARK) == mark]
            if not answer.get("continuationToken"):
                return runs
            asked["continuationToken"] = answer["continuationToken"]

    def _pause(self, seconds: float) -> None:
        self._sleep(seconds)
        self._paused_s += seconds

    def _answer(self, client: HttpClient, method: str, url: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        headers = {"Authorization": f"Bearer {self._token()}"}
        answer = client.request(method, url, params=self._query, headers=headers, json=body, **self._options)
        found: Mapping[str, Any] = answer.json() if answer.content else {}
        return found


def _request_options(config: Mapping[str, Any]) -> dict[str, Any]:
    """Options of every request, as requests calls them: whom to trust, and which way to go."""
    names = {"connection_verify": "verify", "proxies": "proxies"}
    return {names[name]: value for name, value in transport_options(config).items()}


def asked_wait_s(error: UnreachableError) -> float:
    """How long the service asks to be left alone, as far as a run waits for one try."""
    asked = getattr(error.__cause__, "retry_after_s", None) or 0.0
    return min(float(asked), ONCE.max_wait_s)


def is_factory(url: str) -> bool:
    """Whether the address is that of a data factory; else it is a workspace's."""
    return OF_A_FACTORY in urlsplit(url).path.lower()


def scope_of(url: str) -> str:
    """What a token is asked for: the service behind the address, in whatever cloud, such as `https://dev.azuresynapse.net/.default`."""
    host = urlsplit(url).hostname or ""
    return f"https://{host if is_factory(url) else host.partition('.')[2]}/.default"
