"""SIGKILL in the middle of a load: the same input again ends with exactly the right profiles, and no batch is stored twice."""

from __future__ import annotations

import io
import json
import subprocess
import threading
from collections import Counter

import pytest
from harness import COMMANDS, command_environment
from mparticle_lines import SCHEMA, record, state, user
from sandbox.http.control import Control
from sandbox.mparticle.api import MparticleStand
from sandbox.mparticle.service import MparticleService
from target_mparticle.target import TargetMParticle

ROWS = 40
REQUESTS = 4


class ToldService(MparticleService):
    """Tells when a request has come in, before anything is done with it."""

    def __init__(self) -> None:
        super().__init__(MparticleStand())
        self.arrived = threading.Semaphore(0)

    def answer(self, request):
        if request.path.startswith("/v2/"):
            self.arrived.release()
        return super().answer(request)


@pytest.fixture
def service():
    service = ToldService()
    service.start()
    yield service
    service.close()


def lines():
    yield json.dumps(SCHEMA)
    for number in range(ROWS):
        # Every user comes twice: an older version that arrives late would show.
        yield json.dumps(record(user(number // 2, spend=number, date_updated=f"2023-11-15T18:00:{number:02}Z")))
        yield json.dumps(state(number))


def command(service, tmp_path):
    settings = {
        "api_key": service.stand.api_key,
        "api_secret": service.stand.api_secret,
        "base_url": f"{service.url}/v2",
        "environment": "development",
        "batch_size_rows": ROWS // REQUESTS,
    }
    path = tmp_path / "config.json"
    path.write_text(json.dumps(settings))
    return subprocess.Popen(
        [COMMANDS / "target-mparticle", "--config", path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=command_environment(),
    )


@pytest.mark.parametrize("effect", ["before", "after"])
@pytest.mark.parametrize("request_number", [1, 3])
def test_killed_and_run_again(service, tmp_path, capsys, request_number, effect):
    control = Control(service.url)
    # The answer is held back: the target is killed while it waits for it. Cut before the effect, mParticle never sees the batches.
    control.fault(path="/v2/*", skip=request_number - 1, cut=True, after_effect=effect == "after", delay_s=0.5)
    killed = command(service, tmp_path)
    killed.stdin.write("".join(f"{line}\n" for line in lines()))
    killed.stdin.flush()
    for _ in range(request_number):
        assert service.arrived.acquire(timeout=60)
    killed.kill()
    out, _ = killed.communicate()
    states = [json.loads(line)["bookmarks"]["users"]["replication_key_value"] for line in out.splitlines()]
    stored = control.stored()["stored"]
    assert all(last < stored for last in states), "a state went out before its rows were accepted"

    control.clear_faults()
    capsys.readouterr()
    TargetMParticle(config=json.loads((tmp_path / "config.json").read_text())).listen(io.StringIO("".join(f"{line}\n" for line in lines())))
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == state(ROWS - 1)["value"]
    profiles = control.stored("what=profiles")
    assert {one["user_identities"]["customer_id"]: one["user_attributes"] for one in profiles} == {
        f"c-{number}": {"spend": 2 * number + 1} for number in range(ROWS // 2)
    }
    ids = Counter(one["batch"]["source_request_id"] for one in control.stored("what=batches"))
    assert (len(ids), set(ids.values())) == (ROWS, {1})
