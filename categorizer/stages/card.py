"""Write the card: `python -m categorizer.stages.card`.

data/model/card.json says what the release is: the sha256 of every file it was made of and of every
file it consists of, its labels, thresholds and metrics. It is committed, so that whoever rebuilds
the model can see whether it is the same.
"""

from pathlib import Path

from categorizer.stages import (
    CARD,
    METRICS,
    PARAMS,
    PREPARED,
    RAW,
    TRAINING,
    params,
    read_json,
    sha256_of,
    write_json,
)

REQUIREMENTS = Path("requirements-train.txt")
CODE = (
    "arithmetic.py", "artifact.py", "canonical.py", "dataset.py", "evaluation.py", "features.py",
    "fold.json", "model.py", "release.py", "rules.py", "solver.py", "text.py", "training.py",
    "stages/__init__.py", "stages/card.py", "stages/evaluate.py", "stages/prepare.py",
    "stages/train.py",
)  # fmt: skip


def sources() -> list[Path]:
    """Return every file that decides what the release is, or how it was judged."""
    code = [Path("categorizer") / name for name in CODE]
    return [PARAMS, RAW, PREPARED, REQUIREMENTS, *code]


def main() -> None:
    card = read_json(TRAINING)
    card["dataset"] |= {"path": PREPARED.as_posix(), "raw_sha256": sha256_of(RAW)}
    card["metrics"] = read_json(METRICS)
    card["params"] = {name: params(name) for name in ("prepare", "fields", "train", "evaluate")}
    card["sources"] = {path.as_posix(): sha256_of(path) for path in sources()}
    write_json(CARD, card)


if __name__ == "__main__":
    main()
