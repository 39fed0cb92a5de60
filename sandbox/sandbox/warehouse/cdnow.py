"""The CDNOW customer base: real customers of a record shop, their repeat purchases from January to September 1997.

The CSV is read out of a wheel that is downloaded once (`fetch`): it is neither committed nor installed, since the wheel's own dependencies are heavy.
Source of the data: Fader and Hardie, the one-tenth sample of the 1997 cohort (https://www.brucehardie.com/datasets/), as packed in Lifetimes 0.11.3 (MIT).
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

REQUIREMENT = "Lifetimes==0.11.3"
WHEEL = "Lifetimes-0.11.3-py3-none-any.whl"
WHEEL_SHA256 = "261e3dc89977c2b60767ca6728aaa29d429de0c814635070a749c36555895da8"
MEMBER = "lifetimes/datasets/cdnow_customers_summary_with_transactions.csv"
DOWNLOAD_TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer: `frequency` repeat purchases, the last of them `recency` weeks after the first purchase, which was `age` weeks before the end.

    `spend` is the mean value in dollars of the repeat purchases, zero for a customer who never came back.
    """

    number: int
    frequency: int
    recency: float
    age: float
    spend: Decimal


def data_folder() -> Path:
    """Where downloaded data are kept: the folder in SANDBOX_DATA, else `sandbox/data` of the checkout."""
    named = os.environ.get("SANDBOX_DATA")
    return Path(named) if named else Path(__file__).resolve().parents[2] / "data"


def customers(folder: Path | None = None) -> list[Customer]:
    """All 2,357 customers, by number. Raises FileNotFoundError without the wheel, ValueError if it is not the one we know."""
    path = (folder or data_folder()) / WHEEL
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: `python -m sandbox.warehouse fetch` downloads it")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != WHEEL_SHA256:
        raise ValueError(f"{path} is not the wheel of {REQUIREMENT}: delete it and download it again")
    with zipfile.ZipFile(io.BytesIO(content)) as wheel:
        text = wheel.read(MEMBER).decode("ascii")
    return [_customer(row) for row in csv.DictReader(io.StringIO(text))]


def fetch(folder: Path | None = None) -> Path:
    """Download the wheel into the folder unless it is there, by pip or else by uv's; return its path. Raises OSError if neither can."""
    into = folder or data_folder()
    path = into / WHEEL
    if path.is_file():
        return path
    into.mkdir(parents=True, exist_ok=True)
    command = [*_pip(), "download", "--quiet", "--no-deps", "--disable-pip-version-check", "--dest", str(into), REQUIREMENT]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT_S, check=False)  # noqa: S603 - our own words
    if done.returncode or not path.is_file():
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise OSError(f"cannot download {REQUIREMENT}: {reason}")
    return path


def _pip() -> list[str]:
    if find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    uv = os.environ.get("UV") or shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if uv:
        return [uv, "tool", "run", "--quiet", "--python", sys.executable, "pip"]
    raise OSError(f"cannot download {REQUIREMENT}: neither pip nor uv is here")


def _customer(row: dict[str, str]) -> Customer:
    return Customer(int(row["ID"]), int(row["x"]), float(row["t_x"]), float(row["T"]), Decimal(row["zbar"]))
