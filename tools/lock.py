"""Writes constraints.txt: the newest versions that fit together, one `name==version` a line, without the addresses they come from.

`make lock` calls it, with the checkout set up. docs/decisions/001-pins-without-addresses.md says why it is not uv.lock.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

from setup import NODE_PACKAGE, PACKAGES, PYTHON, ROOT, UV

HEAD = "# Made by `make lock`: the versions that the checkout is developed and tested with.\n"
BUILD_PACKAGES = ("hatchling", "editables")  # what builds our packages is held too
PIN = re.compile(r"[A-Za-z0-9._-]+==[^ ;@]+")


def main() -> None:
    """Resolve everything in a fresh environment, and write down what it holds."""
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder) / "venv" / "bin" / "python"
        _uv("venv", "--quiet", "--python", str(PYTHON), str(python.parents[1]))
        editable = [word for package in PACKAGES for word in ("--editable", package)]
        _uv("pip", "install", "--quiet", "--upgrade", "--python", str(python), *editable, "--group", "dev", *BUILD_PACKAGES, NODE_PACKAGE)
        frozen = _uv("pip", "freeze", "--python", str(python), "--exclude-editable")
    pins = [line for line in frozen.splitlines() if PIN.fullmatch(line)]
    (ROOT / "constraints.txt").write_text(HEAD + "\n".join(pins) + "\n", encoding="utf-8")
    print(f"constraints.txt holds {len(pins)} versions")


def _uv(*arguments: str) -> str:
    return subprocess.run([UV, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout


if __name__ == "__main__":
    main()
