import signal
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jobs import actions
from jobs.registry import scheduled
from jobs.runner import Runner
from lib import clock


class Command(BaseCommand):
    help = "Run jobs when they are due, until a TERM or INT signal. Any number may run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="run what is due now, then end")

    def handle(self, *, once: bool, **options: Any) -> None:
        runner = Runner(scheduled())
        if once:
            actions.plan(names=runner.scheduled, now=clock.now())
            actions.reap(now=clock.now())
            while runner.run_one():
                pass
            return

        def stop(signal_number: int, frame: FrameType | None) -> None:
            runner.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        runner.run()
