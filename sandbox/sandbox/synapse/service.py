"""A dedicated SQL pool as a service of the sandbox: the wire on one port, and on another the controls, as HTTP stand-ins have them.

    GET    /_sandbox/requests              the statements that ran, oldest first
    DELETE /_sandbox/requests              forget them
    GET    /_sandbox/faults                the faults in wait
    POST   /_sandbox/faults                add one (`sandbox.synapse.faults.Fault`)
    DELETE /_sandbox/faults                forget them
    POST   /_sandbox/change                the weather: paused, warming up, a full disk, the service level (`sandbox.synapse.weather`)
    GET    /_sandbox/stored?query=SELECT   the rows of a query, as objects; times, decimals and bytes are text

The pool keeps its data in memory: `sandbox down` forgets them.
"""

from __future__ import annotations

from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.http.messages import Answer
from sandbox.http.service import HttpService
from sandbox.synapse.faults import Fault
from sandbox.synapse.pool import Pool
from sandbox.tds.certificate import self_signed
from sandbox.tds.server import TdsServer
from sandbox.tds.session import Login, Rows, SqlError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sandbox.http.messages import Request
    from sandbox.http.service import Route
    from sandbox.services import Options

HOST, DATABASE = "127.0.0.1", "pool"
USER, PASSWORD = "loader", "Sandbox-pool-1!"
PLAIN_JSON = (bool, int, float, str, type(None))


class PoolStand:
    """The controls' view of a pool; no endpoint of its own."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def routes(self) -> Sequence[Route]:
        """None: the pool's own port speaks TDS."""
        return ()

    def admit(self, _request: Request) -> Answer | None:
        """Everyone."""
        return None

    def unknown(self, _request: Request) -> Answer:
        """What this port is for."""
        return Answer.of_json({"error": "this port has the pool's controls, under /_sandbox/; SQL goes to the pool's own port"}, 404)

    def change(self, wish: Mapping[str, Any]) -> Any:
        """Change the pool's weather (`sandbox.synapse.weather`). Raises ValueError; the data are changed through SQL."""
        return self._pool.weather.change(wish)

    def stored(self, query: Mapping[str, str]) -> Any:
        """The rows that `?query=` answers, read as the loader would. Raises ValueError for no query, or one that the pool refuses."""
        if not query.get("query"):
            raise ValueError("say what to read: ?query=SELECT ...")
        session = self._pool.open(Login(USER, PASSWORD, DATABASE, "sandbox controls", HOST), sheltered=True)
        try:
            return [row for result in session.execute(query["query"], {}) if isinstance(result, Rows) for row in _objects(result)]
        except SqlError as refusal:
            raise ValueError(f"{refusal.number}: {refusal.message}") from refusal
        finally:
            session.close()

    def statements(self) -> list[dict[str, Any]]:
        """The statements that ran, oldest first."""
        return [{name: _plain(value) for name, value in asdict(one).items()} for one in reversed(list(self._pool.requests))]


class PoolControls(HttpService):
    """The controls of a pool: its own faults and statements in place of HTTP's."""

    def __init__(self, pool: Pool, stand: PoolStand) -> None:
        super().__init__(stand)
        self._pool, self._stand = pool, stand

    def controls(self, request: Request) -> dict[tuple[str, str], Callable[[], Any]]:
        """Those of every service."""
        return {
            **super().controls(request),
            ("GET", "requests"): self._stand.statements,
            ("DELETE", "requests"): self._pool.requests.clear,
            ("GET", "faults"): lambda: self._pool.faults.to_dict()["faults"],
            ("POST", "faults"): lambda: self._pool.faults.add(Fault(**request.json())),
            ("DELETE", "faults"): self._pool.faults.clear,
        }


class SynapseService:
    """A pool behind the wire, with its controls."""

    def __init__(self, options: Options) -> None:
        options.folder.mkdir(parents=True, exist_ok=True)
        self._pool = Pool(database=DATABASE, users={USER: PASSWORD})
        certificate = self_signed(options.folder)
        self._server = TdsServer(self._pool, HOST, options.port, encryption="on", certificate=certificate)
        self._controls = PoolControls(self._pool, PoolStand(self._pool))
        self._controls.start()
        self.port = self._server.port

    @property
    def settings(self) -> Mapping[str, str]:
        """Where target-synapse finds the pool; its certificate is of its own making."""
        return {
            "TARGET_SYNAPSE_HOST": HOST,
            "TARGET_SYNAPSE_PORT": str(self.port),
            "TARGET_SYNAPSE_DATABASE": DATABASE,
            "TARGET_SYNAPSE_USER": USER,
            "TARGET_SYNAPSE_PASSWORD": PASSWORD,
            "TARGET_SYNAPSE_ENCRYPT": "yes",
            "TARGET_SYNAPSE_TRUST_SERVER_CERTIFICATE": "true",
            "SANDBOX_SYNAPSE_CONTROL_URL": self._controls.url,
            **_driver(),
        }

    def serve_forever(self) -> None:
        """Take connections until `close`; ends all of them then."""
        self._server.serve_forever()

    def close(self) -> None:
        """Stop. Sessions that are open are dropped; the data are gone with the process."""
        self._controls.close()
        self._server.close()


def start(options: Options) -> SynapseService:
    """Start a pool on the port that is asked for."""
    return SynapseService(options)


def _driver() -> dict[str, str]:
    """Microsoft's driver, where the development wheel that holds it is installed beside the sandbox; plugins may live in other environments."""
    found = find_spec("mssql_python_odbc")
    folders = found.submodule_search_locations if found else None
    files = sorted(Path(folders[0]).glob("libs/linux/debian_ubuntu/*/lib/libmsodbcsql-18*.so*")) if folders else []
    return {"TARGET_SYNAPSE_ODBC_DRIVER": str(files[-1])} if files else {}


def _objects(result: Rows) -> list[dict[str, Any]]:
    names = [column.name for column in result.columns]
    return [dict(zip(names, map(_plain, row), strict=True)) for row in result.rows]


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    return value if isinstance(value, PLAIN_JSON) else str(value)
