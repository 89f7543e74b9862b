from __future__ import annotations

from pathlib import Path

from categorizer import vectors

COMMITTED = Path(__file__).parents[2] / "frontend/src/categorizer/vectors"


def test_the_committed_vectors_are_current(tmp_path: Path) -> None:
    vectors.write(tmp_path)
    for name in ("tiny.safetensors", "vectors.json"):
        assert (tmp_path / name).read_bytes() == (COMMITTED / name).read_bytes(), (
            f"{name} is old: run python -m categorizer.vectors frontend/src/categorizer/vectors"
        )
