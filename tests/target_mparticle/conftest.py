from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from harness import Run, run_command
from sandbox.http.control import Control
from sandbox.mparticle.service import MparticleService, start
from sandbox.services import Options
from target_mparticle.target import TargetMParticle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path


@pytest.fixture
def mparticle(tmp_path: Path) -> Iterator[MparticleService]:
    service = start(Options(tmp_path))
    service.start()
    yield service
    service.close()


@pytest.fixture
def control(mparticle: MparticleService) -> Control:
    return Control(mparticle.url)


@pytest.fixture
def settings(mparticle: MparticleService) -> dict[str, Any]:
    stand = mparticle.stand
    return {"api_key": stand.api_key, "api_secret": stand.api_secret, "base_url": f"{mparticle.url}/v2", "environment": "development"}


@pytest.fixture
def load(settings: dict[str, Any], tmp_path: Path) -> Callable[..., Run]:
    """Run the installed command against the stand-in."""

    def run(lines: Iterable[Mapping[str, Any]] | str, **changed: Any) -> Run:
        return run_command("target-mparticle", settings={**settings, **changed}, folder=tmp_path, lines=lines)

    return run


@pytest.fixture
def load_inside(settings: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[Any]]:
    """Run the target in this process and return the states it wrote."""

    def run(lines: Iterable[Mapping[str, Any]] | str, **changed: Any) -> list[Any]:
        text = lines if isinstance(lines, str) else "".join(json.dumps(line) + "\n" for line in lines)
        target = TargetMParticle(config={**settings, "rejects_path": str(tmp_path / "rejects.jsonl"), **changed})
        capsys.readouterr()
        target.listen(io.StringIO(text))
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


@pytest.fixture
def rejects(tmp_path: Path) -> Callable[[], list[dict[str, Any]]]:
    """The lines of the rejects file of runs in this process."""

    def read() -> list[dict[str, Any]]:
        path = tmp_path / "rejects.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    return read
