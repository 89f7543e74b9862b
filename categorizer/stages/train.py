"""Train the model, the fallback model and the rules: `python -m categorizer.stages.train`.

Writes data/model/{model.safetensors,fallback.safetensors,rules.json,training.json}, and
model.joblib for notebooks. The last is not part of what is promised: its bytes belong to pickle.
"""

import sys

import joblib

from categorizer import release
from categorizer.dataset import Dataset, read_csv
from categorizer.estimator import ExactClassifier
from categorizer.stages import PREPARED, RELEASE, TRAINING, params, write_json
from categorizer.training import Options


def prepared() -> Dataset:
    """Return the prepared dataset, with the fields that params.yaml names."""
    fields = params("fields")
    return read_csv(
        PREPARED,
        text=fields["text"],
        number=fields["number"],
        label=fields["label"],
        split="split",
    )


def main() -> None:
    dataset, options = prepared(), Options(**params("train"))
    built = release.build(dataset, options=options, report=_progress)
    release.write(built, RELEASE)
    write_json(TRAINING, release.description(built, dataset, options=options))
    joblib.dump(ExactClassifier.from_artifact(built.model), RELEASE / "model.joblib")


def _progress(what: str, done: int, total: int) -> None:
    if done % 10 == 0 or done == total:
        print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
