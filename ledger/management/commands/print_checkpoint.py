from io import StringIO
from pathlib import Path
from typing import Any

import segno
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger import log


class Command(BaseCommand):
    help = "Print the latest checkpoint, to be kept on paper or in a photograph."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--qr", action="store_true", help="as a QR code too")
        parser.add_argument("--svg", type=Path, metavar="PATH", help="write the QR code there")

    def handle(self, *, qr: bool, svg: Path | None, **options: Any) -> None:
        checkpoint = log.latest_checkpoint()
        if checkpoint is None:
            raise CommandError(
                "There is no checkpoint yet. The job runner signs the first one a few seconds "
                "after the first entry: `python manage.py run_jobs`."
            )
        text = checkpoint.cosigned()
        self.stdout.write(text, ending="")
        # The exact bytes of the note, so that what is read back can be checked as it is.
        code = segno.make(text.encode(), micro=False, error="m")
        if qr:
            drawn = StringIO()
            code.terminal(out=drawn, compact=True)
            self.stdout.write(drawn.getvalue())
        if svg is not None:
            try:
                with svg.open("wb") as file:
                    code.save(file, kind="svg", scale=4)
            except OSError as error:
                raise CommandError(f"{svg} cannot be written: {error.strerror}.") from error
