"""`python -m okichat backup` and `python -m okichat restore`: one archive with everything that a lost disk would cost."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask.cli import with_appcontext

from okichat.errors import BackupError
from okichat.storage.archive import Manifest, opened
from okichat.storage.backup import count_rows, private_file, write_backup
from okichat.storage.restoration import need_empty, restore, unpack_files
from okichat.web.parts import current_parts

_STANDARD_OUTPUT = Path("-")


@click.command("backup")
@click.argument("archive", required=False, type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@with_appcontext
def backup_command(archive: Path | None) -> None:
    """Write all that is worth keeping into one ARCHIVE.

    That is database, topics, prompts, templates and settings; -: to standard output. It holds what visitors wrote, with personal
    data already replaced, and the messages they left; only its owner may read the file. It holds no key and no password."""
    parts = current_parts()
    now = parts.clock.now()
    path = archive or Path(f"okichat-{now:%Y-%m-%d-%H%M%S}.zip")
    if path == _STANDARD_OUTPUT and sys.stdout.isatty():
        raise click.UsageError("a terminal cannot keep an archive: send it into a file or another program")
    with _mistakes(), _progress("Writing", count_rows(parts.store)) as on_rows:
        if path == _STANDARD_OUTPUT:
            manifest = write_backup(sys.stdout.buffer, parts.store, parts.settings, now, on_rows)
        else:
            with private_file(path) as target:
                manifest = write_backup(target, parts.store, parts.settings, now, on_rows)
    click.echo(f"{'standard output' if path == _STANDARD_OUTPUT else path}: {_counted(manifest)}.", err=True)
    click.echo("It holds what visitors wrote: keep it as you keep the database.", err=True)
    if manifest.left_out:
        click.echo(f"Left out, keep them elsewhere: {', '.join(manifest.left_out)}.", err=True)


@click.command("restore")
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace all there is in a database that is not empty.")
@click.option(
    "--files",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Also write topics, prompts, templates, sentences and settings.env into this new folder.",
)
@with_appcontext
def restore_command(archive: Path, force: bool, folder: Path | None) -> None:
    """Fill the database of DATABASE_URL from an ARCHIVE.

    Either may be of SQLite or Postgres. Stop the app meanwhile."""
    with _mistakes(), opened(archive) as source:
        if folder is not None:
            need_empty(folder)
        with _progress("Restoring", source.manifest.rows) as on_rows:
            restored = restore(source, current_parts().store, replace=force, on_rows=on_rows)
        if folder is not None:
            unpack_files(source, folder)
    click.echo(
        f"The database holds what it held on {source.manifest.made_at:%Y-%m-%d %H:%M} UTC: {restored.rows} rows."
    )
    if restored.since:
        click.echo("Recorded after the backup and undone by it; repeat what was erased:")
        for action, subject in restored.since:
            click.echo(f"  {action} {subject}")
    if folder is not None:
        click.echo(
            f"The files are in {folder}: name those of its folders that are there in OKICHAT_KNOWLEDGE, "
            "OKICHAT_PROMPTS, OKICHAT_TEMPLATES and OKICHAT_TRANSLATIONS."
        )
    click.echo("Conversations that visitors have open begin anew unless SECRET_KEY is the same as before.")


@contextmanager
def _mistakes() -> Iterator[None]:
    try:
        yield
    except BackupError as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def _progress(label: str, rows: int) -> Iterator[Callable[[int], object]]:
    """A bar on a terminal, silence elsewhere."""
    with click.progressbar(length=rows, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        yield bar.update


def _counted(manifest: Manifest) -> str:
    files = sum(part.rows is None for part in manifest.parts)
    return f"{manifest.rows} rows, {files} files"
