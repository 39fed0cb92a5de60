from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from harness import Run, run_command
from sandbox.http.control import Control
from sandbox.mparticle.service import MparticleService, start
from sandbox.services import Options

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
