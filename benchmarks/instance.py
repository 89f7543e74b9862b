"""A Shelfmark of its own in an empty folder: database, model, token, and the real server.

The benchmarks and the browser tests use it, so both see what `make run` starts: gunicorn with
deploy/gunicorn.conf.py, on a free port of the loopback interface.
"""

import contextlib
import http.client
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.load import LOOPBACK
from benchmarks.processes import Server, serving
from tools.console import ROOT
from tools.servers import free_port

PICKER = "carla"  # the demo person who may ask for predictions and do little else


class CommandFailed(Exception):
    """The message is what the command wrote."""


@dataclass(frozen=True, slots=True)
class Home:
    """A folder with a database and a registered model, not yet served."""

    folder: Path
    env: Mapping[str, str] = field(repr=False)

    def manage(self, *command: str | Path) -> str:
        """Run a management command and return what it printed."""
        return run([sys.executable, "manage.py", *map(str, command)], env=self.env)

    def create_token(self, username: str = PICKER) -> str:
        return self.manage("create_token", username).split()[-1]

    def count_receipts(self) -> int:
        script = "from predictions.models import Prediction; print(Prediction.objects.count())"
        return int(self.manage("shell", "--verbosity=0", "-c", script))

    @contextlib.contextmanager
    def serving(self) -> Iterator[Server]:
        """Serve until the block ends."""
        port = free_port()
        with serving(
            [
                *(sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"),
                *("--bind", f"{LOOPBACK}:{port}", "config.wsgi"),
            ],
            port=port,
            ready="/readyz",
            log=self.folder / "server.log",
            env={**self.env, "PORT": str(port)},
            cwd=ROOT,
        ) as server:
            yield server


def run(command: list[str], *, env: Mapping[str, str]) -> str:
    done = subprocess.run(
        command, cwd=ROOT, env=dict(env), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CommandFailed(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
    return done.stdout


def furnish(folder: Path, *, release: Path, database_url: str = "", static: bool = False) -> Home:
    """Make the tables, the roles, the demo people and the seed model in an empty folder."""
    folder.mkdir(parents=True, exist_ok=True)
    # Nothing that the caller's shell says about another installation may leak into this one.
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("SHELFMARK_") and name not in ("DATABASE_URL", "REDIS_URL", "DEBUG")
    }
    env = {
        **kept,
        "SECRET_KEY": secrets.token_urlsafe(48),
        "DATABASE_URL": database_url or f"sqlite:///{folder / 'db.sqlite3'}",
        "SHELFMARK_MODELS_DIR": str(folder / "models"),
        "SHELFMARK_LEDGER_KEYS_DIR": str(folder / "ledger_keys"),
        "SHELFMARK_DEMO": "True",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    if static:
        env["SHELFMARK_STATIC_ROOT"] = str(folder / "static")
    people = run([sys.executable, "-m", "benchmarks.furnish", str(release)], env=env)
    (folder / "people.txt").write_text(people)
    return Home(folder, env)


class Client:
    """One keep-alive connection to the API, with a token."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection(LOOPBACK, port, timeout=120)
        self._headers = {
            "Authorization": f"Token {token}",
            "Content-Type": "application/json",
            "Accept": "application/json",
        }

    def post(self, path: str, body: object) -> Any:
        """Return the answer's JSON; raise RuntimeError for anything but a 2xx."""
        self._connection.request("POST", path, json.dumps(body), self._headers)
        response = self._connection.getresponse()
        text = response.read().decode()
        if response.status // 100 != 2:
            raise RuntimeError(f"POST {path} answered {response.status}: {text[:500]}")
        return json.loads(text)
