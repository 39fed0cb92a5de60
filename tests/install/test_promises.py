"""Each of the five installs alone: by plain pip from a checkout, editable, from git, and as wheels."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FIVE = ("tap-autopilot", "tap-fullstory", "tap-warehouse", "target-mparticle", "target-synapse")
VERSION = tomllib.loads((ROOT / "singer-commons" / "pyproject.toml").read_text())["project"]["version"]
LIMIT_S = 300
BUILT_FROM = ("singer-commons", "sandbox", *FIVE)


def run(*words, folder, **environment):
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("TAP_", "TARGET_", "VIRTUAL_ENV", "PYTHONPATH"))}
    # The versions are those of the checkout, so that a dependency's new release fails no test of ours.
    pins = {"PIP_CONSTRAINT": str(ROOT / "constraints.txt"), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder, env={**plain, **pins, **environment}, capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def fresh(tmp_path):
    """A new environment with nothing but pip."""
    environment = tmp_path / "fresh"
    run(sys.executable, "-m", "venv", environment, folder=tmp_path)
    return environment / "bin"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the checkout's files as they are now, without what git ignores: builds leave nothing in the real one."""
    copy = tmp_path_factory.mktemp("checkout") / "sluice"
    listed = run("git", "ls-files", "-co", "--exclude-standard", "-z", folder=ROOT)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def wheels(checkout, tmp_path_factory):
    """The wheels of a release, built in one go with pip."""
    place = tmp_path_factory.mktemp("wheels")
    packages = [checkout / name for name in BUILT_FROM]
    builder = place / "builder" / "bin" / "pip"
    run(sys.executable, "-m", "venv", place / "builder", folder=place)
    run(builder, "install", "--quiet", "hatchling", folder=place)  # once, instead of anew for each package
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", place / "dist"]
    run(builder, "wheel", *options, *packages, folder=place, SLUICE_RELEASE="1")
    return place / "dist"


def answers(command, folder):
    """What the installed command says of itself: version, whether it has help, name and settings."""
    about = json.loads(run(command, "--about", "--format=json", folder=folder))
    return (
        run(command, "--version", folder=folder).split(),
        "--config" in run(command, "--help", folder=folder),
        about["name"],
        bool(about["settings"]["properties"]),
    )


def expected(name):
    return [name, f"v{VERSION},", "Meltano", "SDK"], True, name, True


def check(commands, name, folder):
    version, *others = answers(commands / name, folder)
    want_version, *want = expected(name)
    assert (version[:4], others) == (want_version, want)


@pytest.mark.parametrize("name", FIVE)
@pytest.mark.slow
@pytest.mark.timeout(LIMIT_S)
def test_plain_pip_installs_each_package_from_a_checkout(checkout, fresh, tmp_path, name):
    run(fresh / "pip", "install", "--quiet", f"./{name}", folder=checkout)
    check(fresh, name, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(LIMIT_S)
def test_a_package_installs_editable(checkout, fresh, tmp_path):
    run(fresh / "pip", "install", "--quiet", "--editable", "./tap-autopilot", folder=checkout)
    check(fresh, "tap-autopilot", tmp_path)
    where = run(fresh / "python", "-c", "import tap_autopilot; print(tap_autopilot.__file__)", folder=tmp_path)
    assert Path(where.strip()).is_relative_to(checkout)


@pytest.mark.slow
@pytest.mark.timeout(LIMIT_S)
def test_a_package_installs_from_a_folder_of_a_git_repository(checkout, fresh, tmp_path):
    repository = tmp_path / "repository"
    shutil.copytree(checkout, repository)
    person = ["-c", "user.name=test", "-c", "user.email=test@example.invalid", "-c", "init.defaultBranch=main", "-c", "core.hooksPath=/dev/null"]
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "all"]):
        run("git", *person, *words, folder=repository)
    run(fresh / "pip", "install", "--quiet", f"git+{repository.as_uri()}#subdirectory=tap-autopilot", folder=tmp_path)
    check(fresh, "tap-autopilot", tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(LIMIT_S)
def test_wheels_are_enough_to_install_all_five(wheels, tmp_path):
    """Ours come from the wheels alone. What they need of others comes from this test's own environment, so that `--no-index` can hold."""
    environment = tmp_path / "from-wheels"
    run(sys.executable, "-m", "venv", environment, folder=tmp_path)
    site = Path(run(environment / "bin" / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=tmp_path).strip())
    run(
        environment / "bin" / "pip",
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--find-links",
        wheels,
        *(f"sluice-{name}" for name in BUILT_FROM),
        folder=tmp_path,
    )
    # A path file adds this environment's packages behind those of the wheels; it runs no other path file, so our editable ones stay out.
    (site / "others.pth").write_text(run(sys.executable, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=tmp_path))
    for name in FIVE:
        check(environment / "bin", name, tmp_path)
        where = run(environment / "bin" / "python", "-c", f"import {name.replace('-', '_')} as it; print(it.__file__)", folder=tmp_path)
        assert Path(where.strip()).is_relative_to(site)
    assert "Usage:" in run(environment / "bin" / "sandbox", "--help", folder=tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(LIMIT_S)
def test_a_released_wheel_asks_for_the_shared_package_by_version_and_for_nothing_by_place(wheels):
    needs = {}
    for path in wheels.glob("*.whl"):
        with zipfile.ZipFile(path) as wheel:
            name = next(entry for entry in wheel.namelist() if entry.endswith(".dist-info/METADATA"))
            metadata = Parser().parsestr(wheel.read(name).decode())
        needs[metadata["Name"].removeprefix("sluice-")] = metadata.get_all("Requires-Dist") or []
    assert sorted(needs) == sorted(BUILT_FROM)
    assert [need for all_needs in needs.values() for need in all_needs if "@" in need] == []
    for name in FIVE:
        extras = "[columnar]" if name in ("tap-warehouse", "target-synapse") else ""
        assert [need for need in needs[name] if need.startswith("sluice-")] == [f"sluice-singer-commons{extras}=={VERSION}"]


@pytest.mark.slow
@pytest.mark.timeout(LIMIT_S)
def test_a_wheel_holds_the_files_that_are_no_python(wheels):
    with zipfile.ZipFile(next(wheels.glob("sluice_sandbox-*.whl"))) as wheel:
        held = set(wheel.namelist())
    kept = {"sandbox/py.typed", "sandbox/blob/end_with_parent.cjs", "sandbox/warehouse/models/users.sql", "sandbox/warehouse/models/orders.sql"}
    assert kept - held == set()


def test_the_build_hook_is_the_same_file_in_each_package():
    assert len({(ROOT / name / "hatch_build.py").read_bytes() for name in FIVE}) == 1


def test_all_packages_have_one_version():
    found = {name: tomllib.loads((ROOT / name / "pyproject.toml").read_text())["project"]["version"] for name in (".", *BUILT_FROM)}
    assert set(found.values()) == {VERSION}


@pytest.mark.parametrize("name", FIVE)
def test_the_release_form_pins_what_the_checkout_form_points_at(name, monkeypatch):
    sys.path.insert(0, str(ROOT / name))
    try:
        hook = pytest.importorskip("hatch_build", reason="hatchling is not in this environment: wheels tests cover it")
    finally:
        sys.path.pop(0)
        sys.modules.pop("hatch_build", None)
    forms = []
    for release in ("", "1"):
        monkeypatch.setenv("SLUICE_RELEASE", release)
        metadata = {"version": VERSION}
        hook.CommonsFromCheckout(str(ROOT / name), {"dependencies": ["requests>=2"]}).update(metadata)
        forms.append(metadata["dependencies"])
    assert forms == [
        ["requests>=2", f"sluice-singer-commons @ {(ROOT / 'singer-commons').as_uri()}"],
        ["requests>=2", f"sluice-singer-commons=={VERSION}"],
    ]
