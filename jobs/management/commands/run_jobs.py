import signal
import threading
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
        jobs = scheduled()
        actions.plan(names=jobs, now=clock.now())
        runners = [
            Runner({name: job for name, job in jobs.items() if job.lane == lane})
            for lane in sorted({job.lane for job in jobs.values()})
        ]
        if once:
            actions.reap(now=clock.now())
            for runner in runners:
                while runner.run_one():
                    pass
            return

        def stop(signal_number: int, frame: FrameType | None) -> None:
            for runner in runners:
                runner.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        threads = [threading.Thread(target=runner.run) for runner in runners]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
