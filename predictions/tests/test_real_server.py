"""The real server, in processes of its own and under load: what it answered is kept."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from accounts.models import User
from ledger.models import Entry
from predictions.models import Prediction
from predictions.tests.conftest import DRILL, client_of
from registry.tests.releases import SHA256

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS = 2


def database_url() -> str:
    """Return the address of the test database, for another process."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))


class Server:
    """gunicorn as `make run` starts it, on a free port."""

    def __init__(self, models_dir: Path, log: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = log
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [
                    sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py",
                    "--bind", f"127.0.0.1:{self.port}", "config.wsgi",
                ],
                cwd=settings.BASE_DIR,
                env={
                    **os.environ,
                    "DATABASE_URL": database_url(),
                    "SHELFMARK_MODELS_DIR": str(models_dir),
                    "WEB_CONCURRENCY": str(WORKERS),
                    "SHELFMARK_THREADS": "8",
                    "SHELFMARK_LOG_LEVEL": "WARNING",
                },
                stdout=file,
                stderr=file,
                start_new_session=True,
            )  # fmt: skip

    def get(self, path: str) -> int:
        return self.ask("GET", path)[0]

    def ask(self, method: str, path: str, body: object = None, token: str = "") -> tuple[int, str]:
        headers = {"Authorization": token, "Content-Type": "application/json"} if token else {}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as asked:
            asked.request(method, path, json.dumps(body) if body else None, headers)
            response = asked.getresponse()
            return response.status, response.read().decode()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + 60
        while self.wait_for_status() != 200:
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def wait_for_status(self) -> int:
        """Return what /readyz says as soon as the server says anything."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            try:
                return self.get("/readyz")
            except OSError:
                time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def stop(self, number: signal.Signals) -> None:
        os.killpg(self.process.pid, number)
        self.process.wait(60)


@pytest.fixture
def server(deployed: SHA256, models_dir: Path, tmp_path: Path) -> Iterator[Server]:
    server = Server(models_dir, tmp_path / "server.log")
    try:
        server.wait_until_ready()
        yield server
    finally:
        if server.process.poll() is None:
            server.stop(signal.SIGKILL)


class Load:
    """Clients that ask as fast as they are answered, and write down every answer they get."""

    def __init__(self, port: int, token: str, clients: int = 12) -> None:
        self.port, self.token = port, token
        self.receipts: list[str] = []
        self.refused: list[int] = []
        self.cut_off = 0
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def _ask(self) -> None:
        headers = {"Authorization": self.token, "Content-Type": "application/json"}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as asked:
            while not self._done.is_set():
                try:
                    asked.request("POST", "/api/v1/predictions", json.dumps(DRILL), headers)
                    response = asked.getresponse()
                    answer = json.loads(response.read())
                except (OSError, http.client.HTTPException, ValueError):
                    self.cut_off += 1
                    return
                if response.status == 200:
                    self.receipts.append(answer["receipt_id"])
                else:
                    self.refused.append(response.status)

    def wait_for(self, answers: int) -> None:
        deadline = time.monotonic() + 120
        while len(self.receipts) < answers:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def stop(self) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()


def assert_all_kept(load: Load) -> None:
    kept = {str(key) for key in Prediction.objects.values_list("pk", flat=True)}
    entries = {
        str(uuid)
        for uuid in Entry.objects.filter(kind="prediction.made").values_list("uuid", flat=True)
    }
    assert len(set(load.receipts)) == len(load.receipts)
    assert set(load.receipts) <= kept
    assert kept == entries


def test_what_was_answered_is_kept_though_every_process_is_killed(
    server: Server, client: Client
) -> None:
    load = Load(server.port, client.defaults["HTTP_AUTHORIZATION"])
    load.wait_for(300)
    server.stop(signal.SIGKILL)
    load.stop()
    # Not all twelve: a client that had its answer just before is told to stop, and is not cut off.
    assert load.cut_off > 0
    assert load.refused == []
    assert_all_kept(load)


def test_a_server_that_is_asked_to_stop_finishes_what_it_began(
    server: Server, client: Client
) -> None:
    load = Load(server.port, client.defaults["HTTP_AUTHORIZATION"])
    load.wait_for(100)
    os.kill(server.process.pid, signal.SIGTERM)
    assert server.process.wait(60) == 0
    load.stop()
    assert load.refused == []
    assert_all_kept(load)
    # Nothing was written for nobody: each receipt reached the one who asked.
    assert Prediction.objects.count() == len(load.receipts)


def test_a_reload_under_load_fails_nobody(server: Server, client: Client) -> None:
    load = Load(server.port, client.defaults["HTTP_AUTHORIZATION"], clients=6)
    load.wait_for(50)
    os.kill(server.process.pid, signal.SIGHUP)
    load.wait_for(len(load.receipts) + 300)
    load.stop()
    assert load.refused == []
    assert load.cut_off == 0
    assert_all_kept(load)
    server.stop(signal.SIGTERM)


def test_a_damaged_model_never_serves_in_a_new_server(
    deployed: SHA256, models_dir: Path, tmp_path: Path, client: Client
) -> None:
    path = models_dir / f"{deployed['live']}.safetensors"
    data = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(data[:1000] + bytes([data[1000] ^ 1]) + data[1001:])
    server = Server(models_dir, tmp_path / "server.log")
    try:
        status = server.wait_for_status()
        assert status == 503
        assert server.get("/healthz") == 200
        token = client.defaults["HTTP_AUTHORIZATION"]
        _, answer = server.ask("POST", "/api/v1/predictions", DRILL, token)
        assert json.loads(answer)["decision_path"] == "fallback"
        path.write_bytes(data)
        server.wait_until_ready()
    finally:
        server.stop(signal.SIGKILL)


def test_metrics_add_up_over_the_processes(server: Server, client: Client, admin: User) -> None:
    load = Load(server.port, client.defaults["HTTP_AUTHORIZATION"])
    load.wait_for(200)
    load.stop()
    _, text = server.ask("GET", "/metrics", token=client_of(admin).defaults["HTTP_AUTHORIZATION"])
    assert f'shelfmark_predictions_total{{path="live"}} {len(load.receipts)}.0' in text
