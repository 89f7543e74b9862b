"""`make run`: from a fresh clone to a running Shelfmark with one real prediction.

Every step is skipped when its result is already there, so a second start takes seconds.
"""

import contextlib
import ctypes
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

from tools import environment
from tools.console import ROOT, VAR, CannotGoOn, Steps, call, main, say
from tools.model import ensure_model

STEPS = 9
TOKEN = VAR / "demo_token"
PREDICTS = "carla"  # a picker: may ask for predictions, may not touch models
PRODUCT = {
    "name": "Cordless hammer drill 18V, brushless, 2 batteries",
    "description": "Drills wood, metal and masonry. 13 mm keyless chuck, LED work light, case.",
    "brand": "Nordwerk",
    "width_mm": 210,
    "height_mm": 240,
    "depth_mm": 85,
    "weight_g": 1900,
}


def run() -> None:
    port = _port()
    steps = Steps(STEPS)
    with steps.step("Python packages, pinned by hash"):
        environment.ensure_packages(environment.RUN)
    with steps.step("Frontend"):
        environment.ensure_frontend()
    with steps.step("Model, rebuilt by DVC and compared byte for byte"):
        ensure_model()
    environment.ensure_secret_key()
    env = _environment()
    people = _prepare(env)
    with Steps(STEPS, done=STEPS - 1).step("Server and job runner"):
        children = _start(port, env)
    try:
        _greet(port, people, _predict(port, env))
        # Ctrl-C and TERM are how a server is meant to end.
        with contextlib.suppress(KeyboardInterrupt):
            _watch(children)
    finally:
        _stop(children)
    say("Stopped.")


def _port() -> int:
    text = os.environ.get("PORT", "8000")
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise CannotGoOn(f"PORT is {text!r}: write a number from 1 to 65535.")
    port = int(text)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CannotGoOn(
                f"Port {port} is taken ({error.strerror}). Choose another: PORT=8001 make run"
            ) from error
    return port


def _environment() -> dict[str, str]:
    """What the server, the runner and the commands see: the caller's own settings come first."""
    defaults = {"SHELFMARK_DEMO": "True", "SHELFMARK_STATIC_ROOT": str(VAR / "static")}
    return {**defaults, **os.environ, "PYTHONUNBUFFERED": "1"}


def _prepare(env: dict[str, str]) -> str:
    """Bring database, static files, people, catalogue and live model into being."""
    told = VAR / "demo_people.txt"
    call([environment.PYTHON, "-m", "tools.prepare", "4", str(STEPS), told], env=env)
    return told.read_text()


def _start(port: int, env: dict[str, str]) -> dict[str, subprocess.Popen[bytes]]:
    children = {
        "server": _child(
            [
                environment.PYTHON, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py",
                "--bind", f"127.0.0.1:{port}", "config.wsgi",
            ],
            {**env, "PORT": str(port)},
        ),
        "job runner": _child([environment.PYTHON, "manage.py", "run_jobs"], env),
    }  # fmt: skip
    try:
        _wait_until_ready(port, children)
    except BaseException:
        _stop(children)
        raise
    return children


def _child(command: list[str | Path], env: dict[str, str]) -> subprocess.Popen[bytes]:
    # A session of its own, so that Ctrl-C reaches this process alone, which then ends the
    # children in order. If this process is killed outright, Linux ends them.
    return subprocess.Popen(
        [str(word) for word in command],
        cwd=ROOT,
        env=env,
        start_new_session=True,
        # Safe here: this process has a single thread.
        preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
    )


def _end_with_parent() -> None:
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def _wait_until_ready(port: int, children: dict[str, subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        _insist_alive(children)
        with contextlib.suppress(OSError, http.client.HTTPException):
            status, answer = _ask(port, "GET", "/readyz")
            if status == 200:
                return
            if status != 503:
                raise CannotGoOn(f"/readyz answered {status}: {answer}")
        time.sleep(0.1)
    raise CannotGoOn("The server was not ready within 60 seconds; its log is above.")


def _predict(port: int, env: dict[str, str]) -> dict[str, Any]:
    """Ask for one real prediction, over HTTP, with a token, as any client would."""
    if not TOKEN.exists():
        _make_token(env)
    status, answer = _ask_for_category(port)
    if status == 401:  # a token of an earlier database
        _make_token(env)
        status, answer = _ask_for_category(port)
    if status not in (200, 201):
        raise CannotGoOn(f"POST /api/v1/predictions answered {status}: {answer}")
    return dict(answer)


def _ask_for_category(port: int) -> tuple[int, Any]:
    return _ask(port, "POST", "/api/v1/predictions", body=PRODUCT, token=TOKEN.read_text())


def _make_token(env: dict[str, str]) -> None:
    made = subprocess.run(
        [environment.PYTHON, "manage.py", "create_token", PREDICTS],
        cwd=ROOT,
        env=env,
        check=False,
        stdout=subprocess.PIPE,
        text=True,
    )
    if made.returncode != 0:
        raise CannotGoOn(f"`manage.py create_token {PREDICTS}` failed; see above.")
    handle = os.open(TOKEN, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(made.stdout.split()[-1])


def _ask(
    port: int, method: str, path: str, *, body: object = None, token: str = ""
) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        headers = {"Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Token {token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        response = connection.getresponse()
        text = response.read().decode()
    finally:
        connection.close()
    try:
        return response.status, json.loads(text)
    except json.JSONDecodeError:
        return response.status, text[:500]


def _greet(port: int, people: str, answer: dict[str, Any]) -> None:
    address = f"http://127.0.0.1:{port}"
    people = textwrap.indent(people.strip(), "  ")
    percent = (
        f"{answer['confidence_ppm'] / 10_000:.1f} %" if answer["category"] else "no suggestion"
    )
    say(
        f"""
Shelfmark runs at {address}   (Ctrl-C stops it)

Sign in as one of these (password, role):
{people}

  products   {address}/products
  tablet     {address}/tablet/
  audit desk {address}/admin/

One prediction, made just now over HTTP with {PREDICTS}'s token (var/demo_token):
  product    {PRODUCT["name"]}
  category   {answer["category"] or "none"} ({percent}, by way of: {answer["decision_path"]})
  model      {answer["model"]}
  receipt    {answer["receipt_id"]}
             {address}/api/v1/predictions/{answer["receipt_id"]}

Ask yourself:
  curl -s {address}/api/v1/predictions -H "Authorization: Token $(cat var/demo_token)" \\
    -H "Content-Type: application/json" -d '{{"name": "Nitrile gloves, size 9"}}'
API documents: {address}/api/docs/
"""
    )


def _watch(children: dict[str, subprocess.Popen[bytes]]) -> None:
    while True:
        _insist_alive(children)
        time.sleep(0.5)


def _insist_alive(children: dict[str, subprocess.Popen[bytes]]) -> None:
    for name, child in children.items():
        if child.poll() is not None:
            raise CannotGoOn(f"The {name} ended with exit code {child.returncode}; see above.")


def _stop(children: dict[str, subprocess.Popen[bytes]]) -> None:
    for child in children.values():
        if child.poll() is None:
            child.terminate()
    for child in children.values():
        try:
            child.wait(timeout=30)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


if __name__ == "__main__":
    main(run)
