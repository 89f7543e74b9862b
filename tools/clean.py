"""`make clean`: delete what was built or cached. Data in var/ stays; only its stamps go."""

import shutil

from tools.console import ROOT, main, say
from tools.stamps import STAMPS

BUILT = (
    ".venv", "frontend/dist", "frontend/node_modules", "var/static", "htmlcov",
    ".mypy_cache",
    ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache",
)  # fmt: skip


def clean() -> None:
    for path in [STAMPS, *(ROOT / name for name in BUILT)]:
        if path.exists():
            shutil.rmtree(path)
            say(f"Deleted {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main(clean)
