"""An arm64 Python under qemu-user, put together from Debian packages in a folder of its own.

Nothing is installed: packages are downloaded with a private state of apt, unpacked and run.
Works without root, on Debian for x86-64.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tools import environment
from tools.console import ROOT, VAR

HOME = VAR / "repro" / "arm64"
PYTHON_PACKAGES = (
    "libbz2-1.0", "libc6", "libcrypt1", "libexpat1", "libffi8", "libgcc-s1", "liblzma5",
    "libpython3.11-minimal", "libpython3.11-stdlib", "libsqlite3-0", "libssl3", "libstdc++6",
    "libuuid1", "python3.11-minimal", "zlib1g",
)  # fmt: skip
WHEELS = (
    "cloudpickle", "joblib", "llvmlite", "narwhals", "numba", "numpy", "scikit-learn", "scipy",
    "threadpoolctl",
)  # fmt: skip
_PLATFORMS = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_26", "manylinux2014")


class NotAvailable(Exception):
    """The message says what is missing."""


def qemu(architecture: str) -> Path:
    """Return qemu's user emulator, the machine's own or an unpacked package."""
    name = f"qemu-{architecture}-static"
    if found := shutil.which(name):
        return Path(found)
    program = HOME / "qemu" / "usr" / "bin" / name
    if not program.exists():
        _unpack(["qemu-user-static"], HOME / "qemu", native=True)
    return program


def python() -> tuple[list[str], dict[str, str]]:
    """Return the command and the environment that run an arm64 Python with our pins."""
    root, site = HOME / "root", HOME / "site"
    program = root / "usr" / "bin" / "python3.11"
    emulator = qemu("aarch64")
    if not program.exists():
        _unpack(PYTHON_PACKAGES, root, native=False)
    wanted = _pins()
    installed = HOME / "pins.txt"
    if not installed.exists() or installed.read_text() != wanted:
        _install(wanted, site)
        installed.write_text(wanted)
    return [str(emulator), "-L", str(root), str(program)], {"PYTHONPATH": f"{site}:{ROOT}"}


def _unpack(packages: Sequence[str], target: Path, *, native: bool) -> None:
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise NotAvailable(f"there is no {program} here to fetch an emulated Python with")
    state, debs = HOME / "apt", HOME / "debs" / target.name
    for folder in (state / "lists" / "partial", state / "archives" / "partial", debs):
        folder.mkdir(parents=True, exist_ok=True)
    apt = [
        "apt-get", "--quiet", "--quiet",
        "-o", f"Dir::State={state}", "-o", f"Dir::Cache={state}", "-o", "Debug::NoLocking=1",
        "-o", f"Dir::State::status={os.devnull}",
    ]  # fmt: skip
    if not native:
        apt += ["-o", "APT::Architecture=arm64", "-o", "APT::Architectures::=arm64"]
    if os.geteuid() == 0:
        apt += ["-o", "APT::Sandbox::User=root"]
    _call([*apt, "update"], debs)
    _call([*apt, "download", *packages], debs)
    for package in sorted(debs.glob("*.deb")):
        _call(["dpkg-deb", "--extract", str(package), str(target)], debs)


def _pins() -> str:
    """The lines of our pinned requirements, with their hashes, that training needs."""
    text = (ROOT / "requirements.txt").read_text() + (ROOT / "requirements-train.txt").read_text()
    entries = re.findall(r"^\S+==[^\n]*(?:\n    [^\n]*)*", text, re.MULTILINE)
    chosen = {entry.split("==")[0]: entry for entry in entries}
    return "\n".join(chosen[name] for name in WHEELS if name in chosen) + "\n"


def _install(pins: str, site: Path) -> None:
    shutil.rmtree(site, ignore_errors=True)
    file = HOME / "requirements.txt"
    file.write_text(pins)
    platforms = [word for name in _PLATFORMS for word in ("--platform", f"{name}_aarch64")]
    _call(
        [
            str(environment.PYTHON), "-m", "pip", "install", "--quiet", "--no-deps",
            "--only-binary=:all:", "--require-hashes", "--target", str(site),
            "--python-version", "3.11", "--implementation", "cp", *platforms,
            "--requirement", str(file),
        ],
        HOME,
    )  # fmt: skip


def _call(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise NotAvailable(f"`{command[0].rsplit('/', 1)[-1]}` failed: {last}")
