"""What the repository says about itself is true."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

ROOT: Path = settings.BASE_DIR
REQUIREMENTS = sorted(ROOT.glob("requirements*.in"))
_IGNORED = {".git", ".venv", ".venv-bench", "node_modules", "var", "__pycache__", "dist", "results"}


@cache
def texts() -> dict[str, str]:
    """Return every text file of the repository, by its path."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    if listed.returncode == 0:
        paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:  # a tarball or an image without Git
        paths = [
            path
            for path in ROOT.rglob("*")
            if not _IGNORED & set(path.relative_to(ROOT).parts) and path.is_file()
        ]
    found = {}
    for path in paths:
        if not path.is_file():
            continue
        data = path.read_bytes()
        if b"\0" not in data[:8192]:
            found[str(path.relative_to(ROOT))] = data.decode("utf-8")
    return found


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_every_requirement_says_why_it_is_there(path: Path) -> None:
    silent = [
        line
        for line in path.read_text().splitlines()
        if line.strip() and not line.startswith(("#", "-c "))
        if not re.fullmatch(r"\S+==\S+ +# \S.{4,}", line)
    ]
    assert not silent


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_every_requirement_is_pinned_by_hash(path: Path) -> None:
    pinned = path.with_suffix(".txt").read_text()
    for line in path.read_text().splitlines():
        if wanted := re.match(r"([\w.-]+)(?:\[[\w,]+\])?==([\w.]+)", line):
            name = wanted[1].lower().replace("_", "-").replace(".", "-")
            pattern = rf"^{name}(\[[\w,]+\])?=={re.escape(wanted[2])}( ;[^\\]*)? \\\n    --hash="
            assert re.search(pattern, pinned, re.MULTILINE), f"{line}: run make lock"


@pytest.mark.parametrize("path", sorted(ROOT.glob("requirements*.txt")), ids=lambda path: path.name)
def test_pins_name_no_registry_and_no_machine(path: Path) -> None:
    assert not re.findall(r"https?://|file:|^--(?!hash)", path.read_text(), re.MULTILINE)


def test_the_node_lock_names_no_registry() -> None:
    lock = read("frontend/package-lock.json")
    assert '"integrity": "sha512-' in lock
    assert '"resolved":' not in lock


def test_the_version_is_written_once() -> None:
    newest = re.search(r"^## \[?(\d+\.\d+\.\d+)", read("CHANGELOG.md"), re.MULTILINE)
    assert newest, "CHANGELOG.md starts with the newest version, as `## 0.1.0 …`"
    version = re.escape(newest[1])
    elsewhere = [
        name
        for name, text in texts().items()
        if name.endswith((".py", ".toml", ".html", ".ts", ".tsx", "package.json", "Dockerfile"))
        if re.search(rf"""version\W{{1,4}}["']?{version}["']""", text, re.IGNORECASE)
    ]
    assert not elsewhere


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    # Put together here, so that this file does not find itself.
    slash = "/"
    paths = [slash + name + slash for name in ("work", "root", "home", "Users", "opt/wheels")]
    pattern = re.compile("|".join(rf"(?<![\w.}}-]){re.escape(path)}" for path in paths))
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in texts().items()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]
    assert not found


def test_nothing_is_left_to_do_without_a_place_where_it_is_tracked() -> None:
    mark = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b(?!.*#\d+)")
    code = (".py", ".ts", ".tsx", ".mjs", ".html", ".css", ".sh", ".toml", ".yaml")
    found = [name for name, text in texts().items() if name.endswith(code) and mark.search(text)]
    assert not found


def test_no_file_has_windows_line_ends() -> None:
    assert not [name for name, text in texts().items() if "\r\n" in text]


def test_every_command_of_the_makefile_is_explained_where_one_looks() -> None:
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", read("Makefile"), re.MULTILINE))
    helped = set(re.findall(r"^([a-z][a-z0-9-]*):.*## \S", read("Makefile"), re.MULTILINE))
    explained = set(re.findall(r"`make ([a-z0-9-]+)`", read("CONTRIBUTING.md")))
    assert targets == helped
    assert targets == explained


def test_the_two_commands_are_in_the_readme() -> None:
    readme = read("README.md")
    assert "make run" in readme
    assert "make test" in readme


def test_ci_runs_the_two_commands_that_people_run() -> None:
    lines = read(".ci/run").splitlines()
    assert lines[1:] == ["set -euo pipefail", "make check", "make test"]
