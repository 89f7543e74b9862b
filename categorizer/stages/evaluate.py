"""Judge the release on the test rows: `python -m categorizer.stages.evaluate`.

Writes data/model/metrics.json, and for `dvc plots show` reliability.csv (is an answer as often
right as it says?) and coverage.csv (how many answers are certain enough, and how many of those are
right?).
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from categorizer import evaluation, release
from categorizer.evaluation import Judged
from categorizer.model import MILLION, load
from categorizer.stages import METRICS, RELEASE, TRAINING, params, read_json, write_json
from categorizer.stages.train import prepared

RELIABILITY = RELEASE / "reliability.csv"
COVERAGE = RELEASE / "coverage.csv"


def main() -> None:
    dataset, training = prepared(), read_json(TRAINING)
    files = {
        role: (RELEASE / file["path"]).read_bytes() for role, file in training["files"].items()
    }
    metrics = release.judge_files(
        files, dataset, thresholds=training["thresholds"], compare=params("evaluate")["compare"]
    )
    write_json(METRICS, metrics)
    rows = dataset.rows(test=True)
    model = load(files["model"], sha256=training["files"]["model"]["sha256"])
    judged = evaluation.judge(
        model.suggest_many([dataset.products[row] for row in rows], top=1),
        [dataset.labels[row] for row in rows],
    )
    _write_csv(RELIABILITY, ("confidence", "accuracy", "answers"), reliability(judged))
    _write_csv(COVERAGE, ("coverage", "precision", "confidence"), coverage(judged))


def reliability(judged: Sequence[Judged]) -> Iterator[tuple[str, str, int]]:
    """Yield mean confidence, share of right answers and number of answers of each bin."""
    for count, right, confidence in evaluation.reliability(judged):
        if count:
            yield _decimal(confidence, count * MILLION), _decimal(right, count), count


def coverage(judged: Sequence[Judged]) -> Iterator[tuple[str, str, str]]:
    """Yield share kept, share right among them, and least confidence, in steps of a hundredth."""
    for limit in range(0, MILLION, MILLION // 100):
        kept = [item for item in judged if (item.confidence_ppm or 0) >= limit]
        if kept:
            right = sum(item.right for item in kept)
            yield (
                _decimal(len(kept), len(judged)),
                _decimal(right, len(kept)),
                _decimal(limit, MILLION),
            )


def _decimal(part: int, whole: int) -> str:
    """Return part/whole with four decimals, rounded half up, in integers."""
    scaled = (2 * 10_000 * part + whole) // (2 * whole)
    return f"{scaled // 10_000}.{scaled % 10_000:04d}"


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
