"""The systems that take part, each started as its own documentation says."""

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from benchmarks.instance import Home, furnish, run
from benchmarks.load import LOOPBACK
from benchmarks.processes import Server, parent_of, serving
from tools.console import ROOT
from tools.servers import free_port, postgresql

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
SHELFMARK = "Shelfmark"
FASTAPI = "FastAPI"
TWO_SERVICES = "two services"
TWO_SERVICES_AUDITED = "two services, token + audit"
# Forms that are shown, but that no bar is set against.
TUTORIAL = "as in tutorials"
USUAL = "usual"


@dataclass(frozen=True, slots=True)
class System:
    """Something that answers, and the process trees that do its work."""

    name: str
    # A system is one form of a design; a bar is set against the best form.
    design: str
    server: Server
    roots: tuple[int, ...]
    # A database server's CPU counts for whoever makes it work; its memory is its own affair.
    store: tuple[int, ...] = ()
    database: str = ""
    path: str = "/predict"
    headers: Mapping[str, str] = field(default_factory=dict)


class Databases:
    """Makes new, empty databases: files in a folder, or in one private PostgreSQL."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._server = url.rpartition("/")[0]
        self._count = 0
        with psycopg.connect(url) as connection:
            # The process from which all of this PostgreSQL's processes descend.
            self.postmaster = parent_of(connection.info.backend_pid)

    def new(self, kind: str) -> str:
        """Return the URL of an empty database."""
        self._count += 1
        if kind == SQLITE:
            return f"sqlite:///{self._folder / f'{self._count}.sqlite3'}"
        name = f"bench{self._count}"
        with psycopg.connect(f"{self._server}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"{self._server}/{name}"

    def roots(self, kind: str) -> tuple[int, ...]:
        """Return the process trees that serve such a database, besides the application's own."""
        return (self.postmaster,) if kind == POSTGRESQL else ()


@contextlib.contextmanager
def databases(folder: Path) -> Iterator[Databases]:
    """Yield a maker of databases with a PostgreSQL of its own.

    The peers and Shelfmark each have one: together they would hold more persistent connections than
    PostgreSQL's default of 100 allows.
    """
    folder.mkdir(exist_ok=True)
    with postgresql(durable=True) as url:
        yield Databases(folder, url)


@contextlib.contextmanager
def model_service(
    folder: Path, model: Path, *, style: str, handler: str = "sync", workers: int = 1
) -> Iterator[Server]:
    """Run the FastAPI service. `naive` keeps uvicorn's defaults, its access log included."""
    port = free_port()
    peer = {"PEER_MODEL": str(model), "PEER_STYLE": style, "PEER_HANDLER": handler}
    options: tuple[str, ...] = ()
    if style == "tuned":
        peer |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        options = ("--loop", "uvloop", "--http", "httptools", "--no-access-log")
    with serving(
        [
            *(sys.executable, "-m", "uvicorn", "benchmarks.peers.service:app", *options),
            *("--host", LOOPBACK, "--port", str(port), "--workers", str(workers)),
        ],
        port=port,
        ready="/health",
        log=folder / f"service-{port}.log",
        env={**os.environ, **peer},
        cwd=ROOT,
    ) as server:
        yield server


@contextlib.contextmanager
def front_app(
    folder: Path, asked: Server, *, style: str, workers: int, audit_url: str = ""
) -> Iterator[tuple[Server, str]]:
    """Run the Django app before the model service; yield it and a token, if it wants one."""
    port = free_port()
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "benchmarks.peers.settings",
        "PEER_SERVICE": f"http://{LOOPBACK}:{asked.port}",
        "PEER_STYLE": style,
        "PEER_AUDIT": "yes" if audit_url else "no",
        "DATABASE_URL": audit_url or f"sqlite:///{folder / 'never-made.sqlite3'}",
    }
    token = ""
    if audit_url:
        token = run([sys.executable, "-m", "benchmarks.peers.prepare"], env=env).split()[-1]
    with serving(
        [
            *(sys.executable, "-m", "gunicorn", "benchmarks.peers.wsgi", "--log-level", "warning"),
            *("--worker-class", "gthread", "--workers", str(workers), "--threads", "16"),
            *("--keep-alive", "75", "--bind", f"{LOOPBACK}:{port}"),
        ],
        port=port,
        ready="/health",
        log=folder / f"front-{port}.log",
        env=env,
        cwd=ROOT,
    ) as server:
        yield server, token


def start_peers(stack: contextlib.ExitStack, folder: Path, model: Path) -> Iterator[System]:
    """Start every form of every design that we found worth trying."""
    stores = stack.enter_context(databases(folder))
    naive = stack.enter_context(model_service(folder, model, style="naive"))
    yield System(f"FastAPI, {TUTORIAL}", TUTORIAL, naive, (naive.pid,))

    def add_front(form: str, asked: Server, *, style: str, workers: int, store: str = "") -> System:
        server, token = stack.enter_context(
            front_app(
                folder,
                asked,
                style=style,
                workers=workers,
                audit_url=stores.new(store) if store else "",
            )
        )
        design = TWO_SERVICES_AUDITED if store else TWO_SERVICES
        return System(
            name=", ".join(filter(None, [design, store, form])),
            design=design if style == "tuned" else f"{design}, {form}",
            server=server,
            roots=(server.pid, asked.pid),
            store=stores.roots(store),
            database=store,
            headers={"Authorization": f"Token {token}"} if token else {},
        )

    for store in ("", SQLITE):
        yield add_front(TUTORIAL, naive, style="plain", workers=2, store=store)
    helped = stack.enter_context(model_service(folder, model, style="tuned", handler="async"))
    for store in ("", SQLITE, POSTGRESQL):
        yield add_front(USUAL, helped, style="usual", workers=2, store=store)
    for workers in (1, 2):
        said = f"{workers} worker{'s' * (workers > 1)}"
        services = {}
        for handler in ("async", "sync"):
            services[handler] = stack.enter_context(
                model_service(folder, model, style="tuned", handler=handler, workers=workers)
            )
            name = f"FastAPI, tuned, {handler}, {said}"
            yield System(name, FASTAPI, services[handler], (services[handler].pid,))
        for store in ("", SQLITE, POSTGRESQL):
            form = f"tuned, {said} each"
            yield add_front(form, services["async"], style="tuned", workers=workers, store=store)


def start_shelfmark(
    stack: contextlib.ExitStack, folder: Path, release: Path
) -> Iterator[tuple[System, Home]]:
    """Start Shelfmark twice: on SQLite and on PostgreSQL."""
    stores = stack.enter_context(databases(folder / SHELFMARK))
    for store in (SQLITE, POSTGRESQL):
        home = furnish(
            folder / f"{SHELFMARK}-{store}", release=release, database_url=stores.new(store)
        )
        server = stack.enter_context(home.serving())
        system = System(
            name=f"{SHELFMARK}, {store}",
            design=SHELFMARK,
            server=server,
            roots=(server.pid,),
            store=stores.roots(store),
            database=store,
            path="/api/v1/predictions",
            headers={"Authorization": f"Token {home.create_token()}"},
        )
        yield system, home
