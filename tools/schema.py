"""`make schema`: the OpenAPI document, and the TypeScript types made from it."""

import os
import tempfile
from pathlib import Path

from tools import environment
from tools.console import ROOT, call, main, say

TYPES = ROOT / "frontend" / "src" / "api" / "schema.d.ts"


def openapi_command(document: Path) -> list[str]:
    return [
        str(environment.PYTHON), "manage.py", "spectacular",
        "--validate", "--fail-on-warn", "--file", str(document),
    ]  # fmt: skip


def types_command(document: Path, types: Path) -> list[str]:
    program = ROOT / "frontend" / "node_modules" / ".bin" / "openapi-typescript"
    return [str(program), str(document), "--output", str(types)]


def schema() -> None:
    environment.ensure_packages(environment.RUN)
    env = {**os.environ, "SECRET_KEY": os.environ.get("SECRET_KEY", "only-for-the-schema")}
    with tempfile.TemporaryDirectory(prefix="shelfmark-schema-") as folder:
        document = Path(folder) / "openapi.yaml"
        call(openapi_command(document), env=env)
        say(document.read_text())
        if TYPES.parent.is_dir():
            node = environment.ensure_node()
            environment.ensure_node_modules(node)
            call(types_command(document, TYPES), env=node)
            say(f"Wrote {TYPES.relative_to(ROOT)}.")


if __name__ == "__main__":
    main(schema)
