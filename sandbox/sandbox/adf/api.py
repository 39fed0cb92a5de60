"""The REST endpoints of pipelines: those of Data Factory and of a Synapse workspace, which have the same paths below another address.

- Data Factory, 2018-06-01: learn.microsoft.com/rest/api/datafactory/pipelines/create-run, pipeline-runs/get, pipeline-runs/cancel, pipeline-runs/query-by-factory
- Synapse, 2020-12-01: learn.microsoft.com/rest/api/synapse/data-plane/pipeline/create-pipeline-run (202), pipeline-run/*

Tokens are those of the Entra stand-in, for the service behind the address (there `https://management.azure.com`, and `https://dev.azuresynapse.net` of a workspace:
learn.microsoft.com/rest/api/azure, "Acquire an access token"; learn.microsoft.com/rest/api/synapse).

The texts of refusals are not documented: unconfirmed. Controls: `change` takes `{"pipelines": {NAME: DEFINITION}}`, a definition being
`{"pipeline": ..., "datasets": {NAME: ...}}` as Data Factory exports them, and `{"next": [...]}` with what becomes of the next runs: `copy`, `fail`, `hold` (until it is
cancelled or `{"release": true}`), `cancel`, `nothing` (it succeeds and has copied nothing). `{"unseen": N}` leaves the runs that are there out of the next N queries: nothing says that a query shows
a run at once, nor that it does not (unconfirmed).
"""

from __future__ import annotations

import threading
import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.adf import copying
from sandbox.adf.expressions import DefinitionError
from sandbox.http.messages import Answer, Request
from sandbox.http.service import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sandbox.adf.copying import Places
    from sandbox.entra.tokens import Issuer

FACTORY = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.DataFactory/factories/{factory}"
VERSIONS = {True: "2018-06-01", False: "2020-12-01"}
PAGE_RUNS = 100  # of an answer to a query; the rest comes by continuationToken
OUTCOMES = ("copy", "fail", "hold", "cancel", "nothing")


@dataclass(slots=True)
class Run:
    """One run of a pipeline."""

    run_id: str
    pipeline: str
    parameters: Mapping[str, Any]
    outcome: str
    status: str = "Queued"
    message: str = ""
    cancelled: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def to_json(self) -> dict[str, Any]:
        """As the service shows it: parameters are texts there."""
        shown = {name: value if isinstance(value, str) else str(value) for name, value in self.parameters.items()}
        return {"runId": self.run_id, "pipelineName": self.pipeline, "parameters": shown, "status": self.status, "message": self.message}


class AdfStand:
    """Pipelines and their runs. `issuer` knows its tokens; `places` says where pool and store are, once a run needs them."""

    def __init__(self, issuer: Issuer, places: Callable[[], Places]) -> None:
        self._issuer, self._places = issuer, places
        self.pipelines: dict[str, Mapping[str, Any]] = {}
        self.runs: dict[str, Run] = {}
        self._next: deque[str] = deque()
        self._unseen = 0

    def routes(self) -> Sequence[Route]:
        """Those of a factory, and those of a workspace."""
        own: list[tuple[str, str, Callable[..., Answer]]] = [
            ("POST", "/pipelines/{pipeline}/createRun", self._create),
            ("GET", "/pipelineruns/{run}", self._show),
            ("POST", "/pipelineruns/{run}/cancel", self._cancel),
            ("POST", "/queryPipelineRuns", self._query),
        ]
        return [Route(method, base + path, answer) for base in (FACTORY, "") for method, path, answer in own]

    def admit(self, request: Request) -> Answer | None:
        """Who has a token that is still good, and names the version."""
        is_factory = "/factories/" in request.path
        host = request.headers.get("host", "").partition(":")[0]
        audience = f"https://{host if is_factory else host.partition('.')[2]}"
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self._issuer.subject(token, audience=audience) is None:
            return _refusal(401, "AuthenticationFailed", "Authentication failed.")
        wanted = VERSIONS[is_factory]
        if request.query.get("api-version") != wanted:
            return _refusal(400, "InvalidApiVersionParameter", f"The api-version is invalid. The supported version is '{wanted}'.")
        return None

    def unknown(self, _request: Request) -> Answer:
        """No such resource."""
        return _refusal(404, "ResourceNotFound", "The resource was not found.")

    def change(self, wish: Mapping[str, Any]) -> Any:
        """See above. Raises ValueError."""
        if unknown := set(wish) - {"pipelines", "next", "release", "unseen"}:
            raise ValueError(f"nothing is known of {', '.join(sorted(unknown))}")
        if wrong := set(wish.get("next", ())) - set(OUTCOMES):
            raise ValueError(f"a run ends by one of {', '.join(OUTCOMES)}, not {', '.join(sorted(wrong))}")
        self.pipelines |= wish.get("pipelines", {})
        self._next.extend(wish.get("next", ()))
        self._unseen = int(wish.get("unseen", self._unseen))
        if wish.get("release"):
            for run in self.runs.values():
                run.released.set()
        return self.stored({})

    def stored(self, _query: Mapping[str, str]) -> Any:
        """The runs, oldest first."""
        return [run.to_json() for run in self.runs.values()]

    def _create(self, request: Request, pipeline: str, **names: str) -> Answer:
        definition = self.pipelines.get(pipeline)
        if definition is None:
            return _refusal(404, "PipelineNotFound", f"The pipeline {pipeline} was not found.")
        parameters = request.json() if request.body else {}
        declared = definition["pipeline"]["properties"].get("parameters", {})
        missing = [name for name, one in declared.items() if name not in parameters and "defaultValue" not in one]
        if missing:
            return _refusal(400, "BadRequest", f"The parameters {', '.join(missing)} have no value.")
        run = Run(str(uuid.uuid4()), pipeline, parameters, self._next.popleft() if self._next else "copy")
        self.runs[run.run_id] = run
        threading.Thread(target=self._work, args=(run, definition), daemon=True).start()
        return Answer.of_json({"runId": run.run_id}, 200 if names else 202)

    def _work(self, run: Run, definition: Mapping[str, Any]) -> None:
        run.status = "InProgress"
        if run.outcome == "hold":
            while not (run.cancelled.wait(0.02) or run.released.is_set()):
                pass
        if run.cancelled.is_set() or run.outcome == "cancel":
            run.status = "Cancelled"
        elif run.outcome == "fail":
            run.status, run.message = "Failed", "Operation on target Copy failed: ErrorCode=UserErrorSourceBlobNotExist"
        else:
            self._copy(run, definition)

    def _copy(self, run: Run, definition: Mapping[str, Any]) -> None:
        try:
            places = self._places()
            sql = copying.statement(definition, run.parameters, places)
            if run.outcome != "nothing":
                copying.run(sql, places)
        except DefinitionError as error:
            run.status, run.message = "Failed", str(error)
        except Exception as error:  # noqa: BLE001  # whatever the pool says is the run's message, and so is a parameter of a wrong form
            run.status, run.message = "Failed", f"Operation on target Copy failed: {error}"
        else:
            run.status = "Succeeded"

    def _show(self, request: Request, run: str, **_names: str) -> Answer:
        del request
        found = self.runs.get(run)
        return Answer.of_json(found.to_json()) if found else _refusal(404, "RunNotFound", f"The run {run} was not found.")

    def _cancel(self, request: Request, run: str, **_names: str) -> Answer:
        del request
        if run not in self.runs:
            return _refusal(404, "RunNotFound", f"The run {run} was not found.")
        self.runs[run].cancelled.set()
        return Answer()

    def _query(self, request: Request, **_names: str) -> Answer:
        asked = request.json()
        if missing := [end for end in ("lastUpdatedAfter", "lastUpdatedBefore") if end not in asked]:  # both are required
            return _refusal(400, "BadRequest", f"The body has no {' and no '.join(missing)}.")
        names = [one for part in asked.get("filters", ()) if part["operand"] == "PipelineName" for one in part["values"]]
        runs = [run.to_json() for run in self.runs.values() if not names or run.pipeline in names]
        if self._unseen:
            self._unseen -= 1
            runs = []
        first = int(asked.get("continuationToken") or 0)
        more = {"continuationToken": str(first + PAGE_RUNS)} if len(runs) > first + PAGE_RUNS else {}
        return Answer.of_json({"value": runs[first : first + PAGE_RUNS], **more})


def _refusal(status: int, code: str, message: str) -> Answer:
    return Answer.of_json({"error": {"code": code, "message": message}}, status)
