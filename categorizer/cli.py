"""The command line: train, suggest, explain and verify without Django.

    python -m categorizer train CSV --text name,description --number width_mm --label category --out
    DIR
    python -m categorizer suggest MODEL --top 5 < products.jsonl
    python -m categorizer explain MODEL < products.jsonl
    python -m categorizer verify DIR

`suggest` and `explain` read one JSON object a line and write one JSON object a line; a line that
cannot be read is answered by {"error": …} and makes the exit code 1. frontend/scripts/suggest.mjs
prints the same lines.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NoReturn

from categorizer.canonical import canonical_json
from categorizer.dataset import BadDataset, read_csv
from categorizer.explain import explain
from categorizer.features import BadProduct
from categorizer.model import Answer, Categorizer, UnusableModel, load

BASELINES = ("linear_svc", "complement_nb", "fasttext")
_MAX_TOP = 1000
_AT_ONCE = 256


class _BadLine(ValueError):
    pass


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code: 0 done, 1 some lines could not be read, 2 nothing
    could be done.
    """
    parsed = _parser().parse_args(arguments)
    try:
        return int(parsed.run(parsed))
    except (BadDataset, UnusableModel, BadProduct, OSError, ValueError, ArithmeticError) as error:
        print(f"{parsed.command}: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m categorizer", description=(__doc__ or "").split("\n")[0]
    )
    commands = parser.add_subparsers(dest="command", required=True)

    command = commands.add_parser("train", help="train on a CSV and write a release folder")
    command.add_argument("csv", type=Path)
    command.add_argument(
        "--text", required=True, help="text columns, comma-separated, main one first"
    )
    command.add_argument("--number", default="", help="number columns, comma-separated")
    command.add_argument("--label", required=True, help="the column with the category")
    command.add_argument("--split", help="the column that says train or test")
    command.add_argument("--out", type=Path, required=True, help="the folder to write")
    command.add_argument(
        "--compare",
        default=",".join(BASELINES),
        help="baselines to train beside it, also calibrated_linear_svc; '' for none",
    )
    command.add_argument("--c", default="1", help="the SVM's C (default 1)")
    command.add_argument("--max-weights", type=int, help="how many weights the model may keep")
    command.add_argument("--quiet", action="store_true", help="no progress on standard error")
    command.set_defaults(run=_train)

    command = commands.add_parser(
        "suggest", help="suggest labels for products, one JSON object a line"
    )
    command.add_argument("model", type=Path)
    command.add_argument("--top", type=int, default=5)
    command.set_defaults(run=_suggest)

    command = commands.add_parser(
        "explain", help="say which features spoke for and against a label"
    )
    command.add_argument("model", type=Path)
    command.add_argument("--label", help="explain this label instead of the best one")
    command.add_argument("--features", type=int, default=20, help="how many features to name")
    command.set_defaults(run=_explain)

    command = commands.add_parser("verify", help="compare a release's files with its card")
    command.add_argument("folder", type=Path)
    command.set_defaults(run=_verify)
    return parser


def _train(arguments: argparse.Namespace) -> int:
    from categorizer import release  # scikit-learn and Numba: not for the other commands
    from categorizer.training import Options

    options = Options(c=arguments.c)
    if arguments.max_weights is not None:
        options = Options(c=arguments.c, max_weights=arguments.max_weights)
    compare = _names(arguments.compare)
    if unknown := set(compare) - {*BASELINES, "calibrated_linear_svc"}:
        raise ValueError(f"there is no baseline {', '.join(sorted(unknown))}")
    dataset = release.with_split(
        read_csv(
            arguments.csv,
            text=_names(arguments.text),
            number=_names(arguments.number),
            label=arguments.label,
            split=arguments.split,
        )
    )
    progress = (lambda what, done, total: None) if arguments.quiet else _progress
    built = release.build(dataset, options=options, report=progress)
    release.write(built, arguments.out)
    if not arguments.quiet:
        print("judging on the test rows …", file=sys.stderr)
    metrics = release.judge(built, dataset, compare=compare)
    card = {**release.description(built, dataset, options=options), "metrics": metrics}
    (arguments.out / "card.json").write_text(
        json.dumps(card, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
    summary = {
        "dataset_sha256": dataset.sha256,
        "metrics": metrics,
        "model_bytes": len(built.model),
        "model_sha256": hashlib.sha256(built.model).hexdigest(),
        "out": str(arguments.out),
        "test_rows": len(dataset.rows(test=True)),
        "train_rows": len(dataset.rows(test=False)),
    }
    print(json.dumps(summary, ensure_ascii=False, indent=1))
    return 0


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _progress(what: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        bar = "█" * (30 * done // total)
        end = "\n" if done == total else ""
        print(
            f"\r{what} {bar:<30} {100 * done // total:3d} %", end=end, file=sys.stderr, flush=True
        )
    elif done in {1, total} or done % 10 == 0:
        print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)


def _load(path: Path) -> Categorizer:
    data = path.read_bytes()
    return load(data, sha256=hashlib.sha256(data).hexdigest())


def _suggest(arguments: argparse.Namespace) -> int:
    if not 1 <= arguments.top <= _MAX_TOP:
        raise ValueError(f"--top must be between 1 and {_MAX_TOP}")
    model = _load(arguments.model)

    def answer(products: list[Mapping[str, object]]) -> list[dict[str, object]]:
        return [as_json(item) for item in model.suggest_many(products, top=arguments.top)]

    return _each_line(answer)


def as_json(answer: Answer) -> dict[str, object]:
    """Return an answer as `suggest` prints it."""
    return {
        "matched": answer.matched,
        "suggestions": [
            {"confidence_ppm": item.confidence_ppm, "label": item.label, "score": item.score}
            for item in answer.suggestions
        ],
    }


def _explain(arguments: argparse.Namespace) -> int:
    if arguments.features < 0:
        raise ValueError("--features must not be negative")
    model = _load(arguments.model)
    if arguments.label is not None and arguments.label not in model.labels:
        raise ValueError(f"the model has no label {arguments.label!r}")

    def answer(products: list[Mapping[str, object]]) -> list[dict[str, object]]:
        answers: list[dict[str, object]] = []
        for product in products:
            found = explain(model, product, label=arguments.label)
            named = found.contributions[: arguments.features]
            rest = found.contributions[arguments.features :]
            answers.append(
                {
                    "bias": found.bias,
                    "contributions": [
                        {"amount": c.amount, "field": c.field, "kind": c.kind, "text": c.text}
                        for c in named
                    ],
                    "label": found.label,
                    "others": sum(contribution.amount for contribution in rest),
                    "score": found.score,
                }
            )
        return answers

    return _each_line(answer)


def _each_line(
    answer: Callable[[list[Mapping[str, object]]], list[dict[str, object]]],
) -> int:
    """Answer every line of standard input on standard output, in order; return 1 if one could not
    be read.
    """
    failed = False
    waiting: list[tuple[int, Mapping[str, object]]] = []

    def flush() -> None:
        nonlocal failed
        try:
            answers = answer([product for _, product in waiting])
        except BadProduct:
            answers = []  # one of them: ask again one by one, to say which
            for number, product in waiting:
                try:
                    answers += answer([product])
                except BadProduct as error:
                    failed = True
                    answers.append({"error": f"line {number}: {error}"})
        waiting.clear()
        sys.stdout.buffer.writelines(canonical_json(item) + b"\n" for item in answers)
        sys.stdout.buffer.flush()

    for number, line in _lines(sys.stdin.buffer):
        try:
            waiting.append((number, _product(line, number)))
        except _BadLine as error:
            flush()
            failed = True
            sys.stdout.buffer.write(canonical_json({"error": str(error)}) + b"\n")
        if len(waiting) == _AT_ONCE:
            flush()
    flush()
    return int(failed)


def _lines(stream: Iterable[bytes]) -> Iterable[tuple[int, bytes]]:
    for number, line in enumerate(stream, start=1):
        if line.strip(b" \t\r\n"):
            yield number, line


def _product(line: bytes, number: int) -> Mapping[str, object]:
    try:
        # Whole numbers as doubles too: Python refuses to read very long ones as integers.
        product = json.loads(line.decode(), parse_int=float, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise _BadLine(f"line {number}: not JSON") from error
    if not isinstance(product, dict):
        raise _BadLine(f"line {number}: not a JSON object")
    return product


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _verify(arguments: argparse.Namespace) -> int:
    card = json.loads((arguments.folder / "card.json").read_bytes())
    different = 0
    for role, entry in sorted(card["files"].items()):
        path = arguments.folder / entry["path"]
        actual = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "missing"
        same = actual == entry["sha256"]
        different += not same
        print(f"{role}: {'same bytes' if same else actual + ', the card says ' + entry['sha256']}")
    return int(different > 0)
