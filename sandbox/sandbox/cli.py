"""The `sandbox` command. Exit codes: 0 done; 1 failed; 2 usage; 3 (`status`) not all of the services are up; 130 and 143 interrupted."""

from __future__ import annotations

import json
import shlex
import signal
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from sandbox import processes
from sandbox.errors import SandboxError
from sandbox.services import OPTIONAL, SERVICES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.notes import Note

EXIT_NOT_ALL_UP = 3
MAX_PORT = 65_535

PIPES = """\
Put the settings into your shell, then type any of the pipes:

  eval "$(sandbox env --folder {folder})"

  tap-autopilot --config ENV | target-synapse --config ENV
  tap-fullstory --config ENV | target-synapse --config ENV
  tap-warehouse --config ENV --config {folder}/users.model.json | target-mparticle --config ENV
  tap-warehouse --config ENV --config {folder}/orders.model.json | target-synapse --config ENV

`sandbox down --folder {folder}` stops it all.
"""

folder_option = click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), default=Path(".sandbox"), show_default=True, help="Where notes and logs are kept."
)
names_argument = click.argument("names", nargs=-1, metavar="[NAMES]...")


class Commands(click.Group):
    """Commands whose failures are one line and a hint."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; a SandboxError ends it with exit code 1."""
        try:
            return super().invoke(ctx)
        except SandboxError as error:
            click.echo(f"sandbox: {error.text}", err=True)
            raise click.exceptions.Exit(1) from error


@click.group(
    cls=Commands,
    epilog=f"NAMES are services: {', '.join(SERVICES)}. Without any, all are meant; `up` leaves out {', '.join(OPTIONAL)}.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
def main() -> None:
    """Local stand-ins for the cloud services that the taps and targets talk to."""


def _port(_context: click.Context, _parameter: click.Parameter, values: Sequence[str]) -> dict[str, int]:
    ports = {}
    for value in values:
        name, _, number = value.partition("=")
        if name not in SERVICES or not number.isdecimal() or int(number) > MAX_PORT:
            raise click.BadParameter(f"{value!r} is not NAME=N, with a service's name and a port of 0 to {MAX_PORT}")
        ports[name] = int(number)
    return ports


@main.command()
@folder_option
@click.option("--seed", type=int, default=1, show_default=True, help="The data are made from it: the same seed, the same data.")
@click.option("--port", "ports", multiple=True, metavar="NAME=N", callback=_port, help="A service's port; any free one by default.")
@click.option("--with", "more", multiple=True, type=click.Choice(sorted(OPTIONAL)), help="An optional service beside the others.")
@names_argument
def up(folder: Path, seed: int, ports: dict[str, int], more: tuple[str, ...], names: tuple[str, ...]) -> None:
    """Start services and leave them running."""
    if more:
        names = (*(names or (name for name in SERVICES if name not in OPTIONAL)), *more)
    before = {note.name for note in processes.notes(folder, names)}
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        up_now = processes.start(folder, names, seed=seed, ports=ports)
    except KeyboardInterrupt as request:
        click.echo("sandbox: interrupted; what this command started is stopped again", err=True)
        raise click.exceptions.Exit(request.args[0] if request.args else 128 + signal.SIGINT) from request
    for note in up_now:
        click.echo(
            f"{note.name:<10} {'was already up' if note.name in before else 'is up':<14} port {note.port:<6} log {processes.log_path(folder, note.name)}"
        )
    click.echo(f"\nSettings:\n\n{_exports(up_now)}\n")
    click.echo(PIPES.format(folder=shlex.quote(str(folder))), nl=False)


@main.command()
@folder_option
@names_argument
def down(folder: Path, names: tuple[str, ...]) -> None:
    """Stop services."""
    stopped = processes.stop(folder, names) if folder.is_dir() else []
    click.echo(f"stopped {', '.join(stopped)}" if stopped else f"nothing was up in {folder}")


@main.command()
@folder_option
@names_argument
def status(folder: Path, names: tuple[str, ...]) -> None:
    """Show which services are up; exits with 3 if not all are."""
    by_name = {note.name: note for note in processes.notes(folder, names)}
    click.echo(f"{'service':<10} {'state':<5} {'pid':>7} {'port':>5}  url")
    asked = names or tuple(name for name in SERVICES if name not in OPTIONAL or name in by_name)
    for name in asked:
        click.echo(_line(name, by_name.get(name)))
    if not by_name.keys() >= set(asked):
        raise click.exceptions.Exit(EXIT_NOT_ALL_UP)


@main.command()
@folder_option
@click.option(
    "--format", "form", type=click.Choice(["shell", "json"]), default="shell", show_default=True, help="Lines for a shell's eval, or one object."
)
@names_argument
def env(folder: Path, form: str, names: tuple[str, ...]) -> None:
    """Print the settings of the services that are up."""
    found = processes.notes(folder, names)
    if not found:
        raise SandboxError(f"nothing is up in {folder}", hint="`sandbox up` starts it; --folder names another folder")
    click.echo(json.dumps(processes.settings_of(found), indent=2) if form == "json" else _exports(found))


def _exports(found: Sequence[Note]) -> str:
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in processes.settings_of(found).items())


def _line(name: str, note: Note | None) -> str:
    if note is None:
        return f"{name:<10} {'down':<5} {'-':>7} {'-':>5}  -"
    url = next((value for setting, value in note.settings.items() if setting.startswith("SANDBOX_") and setting.endswith("_URL")), "-")
    return f"{name:<10} {'up':<5} {note.pid:>7} {note.port:>5}  {url}"


def _interrupt(number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt(128 + number)


if __name__ == "__main__":
    main()
