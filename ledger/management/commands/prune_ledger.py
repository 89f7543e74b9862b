import time
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger import actions, archives
from ledger.archives import CannotPrune
from ledger.keys import CannotUseKey
from ledger.management.scrubbing import scrub
from ledger.models import Pruning
from lib import clock

_SECONDS = 60


class Command(BaseCommand):
    help = (
        "Move old entries out of the database into archives, month by month. Safe to repeat: it "
        "goes on where it was stopped."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--before", required=True, type=date.fromisoformat, metavar="YYYY-MM-DD",
            help="what was sealed before this day, in UTC, goes",
        )  # fmt: skip
        parser.add_argument(
            "--archive-dir", type=Path, default=settings.VAR_DIR / "archive", metavar="FOLDER"
        )

    def handle(self, *, before: date, archive_dir: Path, **options: Any) -> None:
        if before > clock.now().date():
            raise CommandError("Write a day that is not in the future after --before.")
        gone = 0
        try:
            last = Pruning.objects.order_by("-up_to_index").first()
            if last is not None:
                gone += self._carry_out(last, archive_dir)
            while cut := archives.next_cut(before=before):
                self.stderr.write(f"Leaves {cut.start} to {cut.stop - 1}: {archive_dir / cut.name}")
                digest = archives.write(cut, archive_dir)
                pruning = actions.announce_pruning(
                    first_index=cut.start,
                    up_to_index=cut.stop,
                    before=cut.before,
                    archive_sha256=digest,
                    by=None,
                    now=clock.now(),
                )
                gone += self._carry_out(pruning, archive_dir)
        except CannotPrune as error:
            raise CommandError(str(error)) from error
        if gone:
            scrub(self.stderr)
        self.stdout.write(f"{gone} entries are now in archives only.")

    def _carry_out(self, pruning: Pruning, folder: Path) -> int:
        """Delete what was announced, as soon as a checkpoint covers the announcement."""
        earlier = Pruning.objects.filter(up_to_index__lt=pruning.up_to_index)
        start = earlier.order_by("-up_to_index").values_list("up_to_index", flat=True).first() or 0
        chunks = range(start, pruning.up_to_index, archives.CHUNK)
        gone = 0
        is_checked = False
        for first in chunks:
            stop = min(first + archives.CHUNK, pruning.up_to_index)
            if not archives.left(start=first, stop=stop).exists():
                continue
            if not is_checked:
                self._wait(pruning)
                _check_archive(pruning, folder, start)
                is_checked = True
            gone += actions.delete_pruned(start=first, stop=stop)
        return gone

    def _wait(self, pruning: Pruning) -> None:
        """Wait until the announcement is sealed: here if the key is at hand, or by the runner."""
        until = time.monotonic() + _SECONDS
        why = "Look for a transaction that stays open."
        while not archives.is_sealed(pruning):
            try:
                actions.seal(now=clock.now())
                actions.sign(now=clock.now(), at_once=True)
            except CannotUseKey as error:
                why = f"Start the job runner. {error}"
            if archives.is_sealed(pruning):
                return
            if time.monotonic() > until:
                raise CannotPrune(f"The announcement is not sealed, so nothing was deleted. {why}")
            time.sleep(1)


def _check_archive(pruning: Pruning, folder: Path, start: int) -> None:
    path = folder / f"entries-{start:012}-{pruning.up_to_index:012}.jsonl.gz"
    try:
        is_there = archives.sha256(path) == pruning.archive_sha256
    except OSError:
        is_there = False
    if not is_there:
        raise CannotPrune(
            f"{path} is not the archive with SHA-256 {pruning.archive_sha256} that the log speaks "
            "of. Nothing was deleted. Put it back, or name its folder after --archive-dir."
        )
