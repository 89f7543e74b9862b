"""The model of the peers: word TF-IDF and a logistic regression, pickled, as shops usually do it.

python -m benchmarks.peers.pipeline PRODUCTS.csv OUT.joblib
"""

import argparse
import csv
from collections.abc import Mapping
from pathlib import Path

import joblib
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

TEXT_FIELDS = ("name", "description", "brand")


def text_of(product: Mapping[str, object]) -> str:
    """Return the one text that the pipeline reads."""
    return " ".join(str(product[field]) for field in TEXT_FIELDS if product.get(field))


def train(csv_file: Path) -> Pipeline:
    """Fit the pipeline to the rows whose `split` is train, or to all where there is no split."""
    with csv_file.open(newline="", encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row.get("split", "train") == "train"]
    pipeline = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        LogisticRegression(max_iter=1000),
    )
    return pipeline.fit([text_of(row) for row in rows], [row["category"] for row in rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("products", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    joblib.dump(train(given.products), given.out)


if __name__ == "__main__":
    main()
