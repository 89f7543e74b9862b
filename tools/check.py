"""`make check`: everything that can be said about the code without running it."""

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from tools import environment
from tools.console import ROOT, CannotGoOn, main, say
from tools.schema import TYPES, openapi_command, types_command

BIN = environment.VENV / "bin"
# What a careful operator would set. Nothing here is a secret: it only has to look like one.
PRODUCTION = {
    "SECRET_KEY": "only-for-checks-" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    "DEBUG": "False",
    "ALLOWED_HOSTS": "shelfmark.example",
    "SHELFMARK_HTTPS": "True",
}


def check() -> None:
    environment.ensure_packages(environment.TEST)
    environment.ensure_secret_key()
    node = environment.ensure_node()
    environment.ensure_node_modules(node)
    with tempfile.TemporaryDirectory(prefix="shelfmark-check-") as folder:
        failed = [
            title for title, command in _commands(Path(folder)) if not _passes(title, command, node)
        ]
    if failed:
        raise CannotGoOn(f"{len(failed)} failed: {', '.join(failed)}. `make fix` may help.")
    say("All checks passed.")


def templates() -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for path in (ROOT / "templates").rglob("*.html"))


def _commands(folder: Path) -> list[tuple[str, list[str]]]:
    manage = [str(environment.PYTHON), "manage.py"]
    document = folder / "openapi.yaml"
    commands = [
        ("ruff check", [f"{BIN}/ruff", "check", "--quiet", "--output-format", "concise", "."]),
        ("ruff format", [f"{BIN}/ruff", "format", "--check", "--output-format", "concise", "."]),
        ("mypy", [f"{BIN}/mypy", "."]),
        ("import-linter", [f"{BIN}/lint-imports"]),
        ("djhtml", [f"{BIN}/djhtml", "--check", "--tabwidth", "2", *templates()]),
        ("djade", [f"{BIN}/djade", "--check", "--target-version", "5.2", *templates()]),
        ("Biome and tsc", ["npm", "--prefix", "frontend", "run", "--silent", "check"]),
        ("migrations", [*manage, "makemigrations", "--check", "--dry-run"]),
        ("deployment", [*manage, "check", "--deploy", "--fail-level", "WARNING"]),
        ("OpenAPI", openapi_command(document)),
    ]
    if TYPES.exists():
        fresh = folder / "schema.d.ts"
        commands += [
            ("TypeScript types of the API", types_command(document, fresh)),
            ("their freshness (make schema)", ["diff", "-u", str(TYPES), str(fresh)]),
        ]
    return commands


def _passes(title: str, command: list[str], env: Mapping[str, str]) -> bool:
    start = time.monotonic()
    # Settings of whoever runs this must not decide whether the code is right.
    clean = {k: v for k, v in env.items() if k not in ("DATABASE_URL", "REDIS_URL")}
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**clean, **PRODUCTION},
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    seconds = f"{time.monotonic() - start:.1f} s"
    if done.returncode == 0:
        say(f"  ok      {title} ({seconds})")
        return True
    say(f"  FAILED  {title} ({seconds})\n{done.stdout}")
    return False


if __name__ == "__main__":
    os.environ.setdefault("NO_COLOR", "1")
    main(check)
