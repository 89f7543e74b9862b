"""A server on PostgreSQL whose power a test can cut, and whose tables it can read.

What a tablet shows is compared with what is written here: effects and entries of the ledger.
"""

import contextlib
import json
import os
import signal
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from benchmarks.instance import Home, furnish
from benchmarks.load import LOOPBACK
from benchmarks.processes import Server
from tools import servers
from tools.console import ROOT

RELEASE = ROOT / "data" / "model"
DATABASE = "depot"


@dataclass
class Depot:
    """A warehouse with a server of its own."""

    cluster: str
    folder: Path
    home: Home = field(init=False)
    port: int = 0
    _server: Server | None = None
    _running: ExitStack = field(default_factory=ExitStack)
    _tokens: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._manage_cluster(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        self.home = furnish(
            self.folder, release=RELEASE, database_url=self._url(DATABASE), static=True
        )

    def _url(self, database: str) -> str:
        return f"{self.cluster.rpartition('/')[0]}/{database}"

    def _manage_cluster(self, *statements: sql.Composed) -> None:
        with psycopg.connect(self.cluster, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    # The server

    def start(self) -> None:
        self._server = self._running.enter_context(self.home.serving())
        self.port = self._server.port

    def stop(self) -> None:
        self._running.close()

    def kill(self) -> None:
        """Cut the power of the server, in the middle of whatever it does."""
        assert self._server is not None
        os.killpg(self._server.pid, signal.SIGKILL)
        self.stop()

    # The database

    def rows(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        with self.connected() as connection:
            return connection.execute(query, values).fetchall()

    def write(self, query: LiteralString, *values: object) -> None:
        with self.connected() as connection:
            connection.execute(query, values)

    @contextlib.contextmanager
    def connected(self) -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(self._url(DATABASE)) as connection:
            yield connection

    def copy(self, name: str) -> None:
        """Keep a copy of the database as it is. The server must not run."""
        self._copy(DATABASE, name)

    def restore(self, name: str) -> None:
        """Put a copy in the place of the database. The server must not run."""
        self._copy(name, DATABASE)

    def _copy(self, source: str, target: str) -> None:
        names = {"source": sql.Identifier(source), "target": sql.Identifier(target)}
        self._manage_cluster(
            sql.SQL("DROP DATABASE IF EXISTS {target} WITH (FORCE)").format(**names),
            sql.SQL("CREATE DATABASE {target} TEMPLATE {source}").format(**names),
        )

    # What others do meanwhile, past every line

    def ask(self, method: str, path: str, body: object = None, *, by: str = "admin") -> Any:
        if by not in self._tokens:
            self._tokens[by] = self.home.create_token(by)
        request = urllib.request.Request(
            f"http://{LOOPBACK}:{self.port}/api/v1/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Token {self._tokens[by]}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def category(self, path: str) -> int:
        """Return the id of a category; make it, and what is above it, if it is not there."""
        parent: str | None = None
        id = 0
        for name in path.split(" > "):
            here = name if parent is None else f"{parent} > {name}"
            found = self.rows("SELECT id FROM inventory_category WHERE path = %s", here)
            if not found:
                self.ask("POST", "categories", {"name": name, "parent": parent})
                found = self.rows("SELECT id FROM inventory_category WHERE path = %s", here)
            id, parent = found[0][0], here
        return id

    def product(self, **fields: Any) -> int:
        """Put a product into the catalogue; return its id."""
        id: int = self.ask("POST", "products", fields)["id"]
        return id

    def state_of(self, product: int) -> dict[str, Any]:
        state: dict[str, Any] = self.ask("GET", f"products/{product}")
        return state

    # What was written

    def changes(self, product: int | None = None) -> list[tuple[Any, ...]]:
        """Return (id, kind, status, code, username, seq) of what tablets sent, in its order."""
        return self.rows(
            "SELECT c.id::text, c.kind, c.status, c.code, u.username, c.seq"
            " FROM sync_change c JOIN accounts_user u ON u.id = c.person_id"
            " WHERE %s::bigint IS NULL OR c.product_id = %s ORDER BY c.received_at, c.seq",
            product,
            product,
        )

    def entries(self, product: int) -> list[tuple[str, str | None]]:
        """Return (kind, username) of what the ledger tells of a product, in its order."""
        return self.rows(
            "SELECT e.kind, u.username FROM ledger_entry e"
            " LEFT JOIN accounts_user u ON u.id = e.actor_id"
            " WHERE e.subject = %s ORDER BY e.id",
            f"product:{product}",
        )


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Depot]:
    """Run a depot until the block ends."""
    with servers.postgresql() as cluster:
        depot = Depot(cluster, folder)
        depot.start()
        try:
            yield depot
        finally:
            depot.stop()
