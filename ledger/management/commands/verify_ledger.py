"""`manage.py verify_ledger`: is the whole log as it was written?"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import django
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger import guards, note
from ledger.actions import note_verification
from ledger.models import Pruning
from ledger.ranges import Checked, check_range
from ledger.verification import Kept, Verified, one_by_one, verify
from lib import clock

MOST_SHOWN = 20


class Command(BaseCommand):
    help = (
        "Check every entry, every place in the tree and every checkpoint of the log. Ends with 0 "
        "if all is as it was written, otherwise with 1, and names the first bad entry."
    )
    # It has to run when something else is broken.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--checkpoint",
            type=Path,
            action="append",
            default=[],
            metavar="FILE",
            help="a checkpoint kept elsewhere; the log must have grown from it",
        )
        parser.add_argument(
            "--key",
            action="append",
            default=[],
            metavar="VKEY",
            help="a key that you got another way; without it, the keys of the log itself count",
        )
        parser.add_argument(
            "--processes", type=int, default=os.cpu_count() or 1, help="how many share the work"
        )

    def handle(
        self,
        *,
        checkpoint: list[Path],
        key: list[str],
        processes: int,
        verbosity: int,
        **options: Any,
    ) -> None:
        started = time.monotonic()
        bar = _Bar(self, is_shown=verbosity > 0)
        verified = verify(
            pruned=_pruned(),
            kept=[_kept(path) for path in checkpoint],
            trusted=key,
            run=one_by_one if processes < 2 else partial(_together, processes),
            progress=bar.show,
            also=guards.missing,
        )
        seconds = time.monotonic() - started
        bar.end()
        note_verification(
            verified=verified, milliseconds=round(seconds * 1000), by=None, now=clock.now()
        )
        self._tell(verified, seconds)

    def _tell(self, verified: Verified, seconds: float) -> None:
        rate = f"{verified.size / seconds:,.0f} a second" if seconds > 0.01 else "at once"
        waiting = f" {verified.unsealed} wait to be sealed." if verified.unsealed else ""
        if not verified.faults:
            self.stdout.write(
                f"All {verified.size:,} entries are as they were written ({rate})."
                f" The last checkpoint covers {verified.checkpoint_size or 0:,}.{waiting}"
            )
            return
        for fault in verified.faults[:MOST_SHOWN]:
            self.stderr.write(f"  leaf {fault.index}: {fault.what}")
        if len(verified.faults) > MOST_SHOWN:
            self.stderr.write(f"  … and {len(verified.faults) - MOST_SHOWN} more.")
        first = verified.first
        assert first is not None
        raise CommandError(
            f"The log is NOT as it was written. The first fault is at leaf {first.index}: "
            f"{first.what} Keep the database as it is, and tell your auditor."
        )


def _pruned() -> int:
    """Return below which leaf bodies may be missing."""
    return max(Pruning.objects.values_list("up_to_index", flat=True), default=0)


def _kept(path: Path) -> Kept:
    try:
        head = note.parse_checkpoint(note.parse_note(path.read_text(encoding="utf-8")).text)
    except (OSError, UnicodeDecodeError, note.WrongNote) as error:
        raise CommandError(f"{path} is no checkpoint that can be read: {error}") from error
    return Kept(f"the checkpoint in {path}", head.size, head.root)


def _together(processes: int, ranges: Sequence[Mapping[str, Any]]) -> Iterator[Checked]:
    # Spawned, not forked: a connection must not be shared.
    context = multiprocessing.get_context("spawn")
    if len(ranges) < 2:
        yield from one_by_one(ranges)
        return
    with ProcessPoolExecutor(processes, mp_context=context, initializer=django.setup) as pool:
        yield from pool.map(_check, ranges)


def _check(arguments: Mapping[str, Any]) -> Checked:
    return check_range(**arguments)


class _Bar:
    """A bar on a terminal, nothing elsewhere."""

    def __init__(self, command: BaseCommand, *, is_shown: bool) -> None:
        self.out = command.stderr
        self.is_shown = is_shown and self.out.isatty()

    def show(self, done: int, size: int) -> None:
        if self.is_shown:
            part = done / max(size, 1)
            bar = "█" * round(part * 30)
            self.out.write(f"\r{bar:░<30} {done:,} of {size:,}", ending="")
            self.out.flush()

    def end(self) -> None:
        if self.is_shown:
            self.out.write("\r" + " " * 70 + "\r", ending="")
