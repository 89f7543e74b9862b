"""Which jobs there are: functions that say how often they want to run."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec

from django.apps import apps


@dataclass(frozen=True, slots=True)
class Scheduled:
    name: str
    run: Callable[[], None]
    every: timedelta
    lease: timedelta
    # Jobs of one lane wait for one another; a lane never waits for another.
    lane: str


_scheduled: dict[str, Scheduled] = {}


def job(
    *, every: timedelta, lease: timedelta = timedelta(minutes=10), lane: str = "work"
) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Decorate a function that asks the database what is left to do, and does some of it.

    It may run twice: after a crash, or when it takes longer than `lease`, which somebody
    else then takes for a crash. Its docstring says why that is harmless.
    """

    def decorate(run: Callable[[], None]) -> Callable[[], None]:
        name = f"{run.__module__.removesuffix('.jobs')}.{run.__name__}"
        assert name not in _scheduled, f"two jobs are called {name}"
        _scheduled[name] = Scheduled(name, run, every, lease, lane)
        return run

    return decorate


def scheduled() -> dict[str, Scheduled]:
    """Return every job by its name, after importing each app's jobs module."""
    for config in apps.get_app_configs():
        if find_spec(f"{config.name}.jobs"):
            import_module(f"{config.name}.jobs")
    return _scheduled
