import hashlib
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError

from accounts.models import User
from inventory import actions, csv_import
from inventory.csv_import import Fault, Row
from lib import clock

CHUNK = 1000
MOST_SHOWN = 50
T = TypeVar("T")


class Command(BaseCommand):
    help = (
        "Import products from a CSV file. Products are recognised by their SKU, so a file can "
        "be imported again: what changed is updated, nothing is doubled. Rows that do not fit "
        "are left out and named."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="FIELD=COLUMN[*FACTOR]",
            help="which column a field is read from, such as sku=code or width_mm=width*10",
        )
        parser.add_argument("--sku-prefix", default="", help="put this before every SKU")
        parser.add_argument("--delimiter", default=",", help="what separates columns (,)")
        parser.add_argument("--by", default="", help="the username of whoever imports")
        parser.add_argument("--dry-run", action="store_true", help="change nothing, only report")

    def handle(
        self,
        *,
        file: Path,
        map: list[str],
        sku_prefix: str,
        delimiter: str,
        by: str,
        dry_run: bool,
        verbosity: int,
        **options: Any,
    ) -> None:
        if len(delimiter) != 1:
            raise CommandError("The delimiter is a single character.")
        person = User.objects.filter(username=by).first()
        if by and person is None:
            raise CommandError(f"There is nobody called {by}.")
        total = actions.ImportResult()
        faults: list[Fault] = []
        try:
            digest, lines = _digest(file)
            with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
                rows = csv_import.read(
                    text,
                    sources=csv_import.read_map(map),
                    sku_prefix=sku_prefix,
                    delimiter=delimiter,
                )
                progress = _Progress(self, lines, shown=verbosity > 0)
                for chunk in _chunks(rows, CHUNK):
                    faults += [item for item in chunk if isinstance(item, Fault)]
                    total += actions.import_products(
                        rows=[item for item in chunk if isinstance(item, Row)],
                        file_sha256=digest,
                        by=person,
                        now=clock.now(),
                        dry_run=dry_run,
                    )
                    progress.reach(chunk[-1].line)
                progress.end()
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        except csv_import.CannotImport as error:
            raise CommandError(str(error)) from error
        except IntegrityError as error:
            raise CommandError(
                "Somebody else added the same products just now. Import the file again."
            ) from error

        for fault in faults[:MOST_SHOWN]:
            self.stderr.write(str(fault))
        if len(faults) > MOST_SHOWN:
            self.stderr.write(f"… and {len(faults) - MOST_SHOWN} more.")
        if verbosity:
            would = "Nothing was changed. It would be: " if dry_run else ""
            self.stdout.write(
                f"{would}{total.created} created, {total.updated} updated, "
                f"{total.unchanged} unchanged, {len(faults)} left out."
            )
        if faults:
            raise CommandError(
                f"{len(faults)} rows were left out, for the reasons above. Put them right and "
                "import the file again; the others will not be doubled."
            )


def _digest(path: Path) -> tuple[str, int]:
    """Return the SHA-256 of a file and how many lines it has."""
    digest, lines = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            lines += block.count(b"\n")
    return digest.hexdigest(), lines


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


class _Progress:
    """A bar on a terminal; a line now and then elsewhere."""

    def __init__(self, command: BaseCommand, lines: int, *, shown: bool) -> None:
        self.out = command.stderr
        self.lines = max(lines, 1)
        self.is_bar = shown and self.out.isatty()
        self.is_text = shown and not self.is_bar
        self.spoke_at = time.monotonic()

    def reach(self, line: int) -> None:
        part = min(line / self.lines, 1.0)
        if self.is_bar:
            bar = "█" * round(part * 30)
            self.out.write(f"\r{bar:░<30} {part:4.0%}", ending="")
            self.out.flush()
        elif self.is_text and time.monotonic() - self.spoke_at > 5:
            self.spoke_at = time.monotonic()
            self.out.write(f"{part:.0%} …")

    def end(self) -> None:
        if self.is_bar:
            self.out.write("\r" + " " * 40 + "\r", ending="")
