"""`make reproduce`: make a registered model again from nothing, and compare every byte.

A fresh clone at the recorded commit, the recorded libraries, the recorded dataset, all stages of
the pipeline; then dataset, dvc.lock, model files and card against what was registered. `dvc
repro` ends well and rewrites dvc.lock when something else comes out, and `dvc status` ends well on
a changed file, so what they say counts for nothing here.
"""

import argparse
import contextlib
import hashlib
import json
import os
import re
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

from tools import differences, environment, recorded
from tools.clone import Pipeline, checkout
from tools.console import ROOT, VAR, CannotGoOn, Steps, main, say
from tools.differences import Difference

CARD = "data/model/card.json"
LOCK = "dvc.lock"
REQUIREMENTS = "requirements-train.txt"
SAME, DIFFERENT, IMPOSSIBLE = "same", "different", "impossible"
EXIT_CODES = {SAME: 0, DIFFERENT: 1, IMPOSSIBLE: 2}
STOPPED = 130

# What Git sets for a hook would point at another repository, what Python reads at other code.
_FOREIGN = re.compile(
    "GIT_(DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|COMMON_DIR|NAMESPACE|PREFIX)|DVC_.*"
    "|PYTHON(PATH|HOME|SAFEPATH)"
)


@dataclass(frozen=True)
class Registered:
    """What the registry, or a card alone, says about a model."""

    sha256: str
    kind: str
    card: str
    commit: str | None
    lock: str | None
    # Where the registry keeps the files of this release, by kind; they may be missing or damaged.
    files: Mapping[str, str]

    @property
    def facts(self) -> Any:
        return json.loads(self.card)


@dataclass(frozen=True)
class Verdict:
    """What came out, in words and in parts that a program can keep. Digests are sha256."""

    outcome: str
    sentence: str
    commit: str | None = None
    made: Mapping[str, str] | None = None  # the digests of what was made here
    difference: Difference | None = None


def reproduce(
    registered: Registered,
    *,
    repositories: list[str],
    dataset: Path | None = None,
    venv: Path | None = None,
) -> Verdict:
    """Make the model again and say what differs. Raise CannotGoOn if that cannot be tried."""
    if "raw_sha256" not in registered.facts["dataset"]:
        raise CannotGoOn(
            "The card of this model names no raw dataset: it was trained by hand, not by the"
            " pipeline, and nothing says how to repeat that."
        )
    steps = Steps(5)
    with tempfile.TemporaryDirectory(prefix="shelfmark-reproduce-") as folder:
        clone = Path(folder) / "clone"
        with steps.step("A fresh clone at the recorded commit"):
            card = hashlib.sha256(registered.card.encode()).hexdigest()
            commit = checkout(clone, repositories, commit=registered.commit, path=CARD, sha256=card)
        for name in (LOCK, REQUIREMENTS):
            if not (clone / name).is_file():
                raise CannotGoOn(f"Commit {commit} holds no {name}, so nothing can be repeated.")
        with steps.step("The recorded libraries"):
            venv = venv or _environment(clone)
        pipeline = Pipeline(clone, venv, Path(folder) / "dvc")
        with steps.step("The dataset, by its digest"):
            difference = recorded.place(
                registered.facts["dataset"], clone=clone, pipeline=pipeline, given=dataset
            )
        if difference is not None:
            return Verdict(DIFFERENT, difference.sentence, commit, None, difference)
        promised = registered.lock or (clone / LOCK).read_text("utf-8")
        with steps.step("The pipeline, every stage"):
            pipeline.run("repro", "--force")
        with steps.step("Byte for byte"):
            difference = next(compare(registered, promised, clone), None)
            made = _digests(registered, clone)
            note = recorded.another_here(clone)
    if difference is not None:
        return Verdict(DIFFERENT, difference.sentence, commit, made, difference)
    return Verdict(
        SAME,
        f"Same bytes. From commit {commit[:12]}, the dataset, dvc.lock, the model, the fallback"
        f" model, the rules and the card came out as registered; the {registered.kind} is"
        f" {registered.sha256}.{note}",
        commit,
        made,
    )


def _environment(clone: Path) -> Path:
    """Return a virtual environment that holds exactly the libraries which the clone pins."""
    # It pins everything that training imports; requirements.txt is the web process's.
    wanted = environment.sha256(clone / REQUIREMENTS)
    if wanted == environment.sha256(ROOT / REQUIREMENTS):
        environment.ensure_packages(environment.RUN)
        return environment.VENV
    venv = VAR / "environments" / wanted[:16]
    venv.parent.mkdir(parents=True, exist_ok=True)
    environment.ensure_packages((REQUIREMENTS,), venv=venv, root=clone)
    return venv


def compare(registered: Registered, promised: str, clone: Path) -> Iterator[Difference]:
    """Yield what differs: the dataset, stage by stage, file by file, the stored file, the card."""
    facts = registered.facts
    prepared = facts["dataset"]["path"]
    for path in _paths(registered).values():
        if not (clone / path).is_file():
            yield Difference(f"The pipeline wrote no {path}.", path=path)
            return
    if (actual := environment.sha256(clone / prepared)) != facts["dataset"]["sha256"]:
        yield Difference(
            f"Stage prepare wrote {prepared} with sha256 {actual}; the card says"
            f" {facts['dataset']['sha256']}.",
            stage="prepare",
            path=prepared,
        )
    stored = {f"data/model/{facts['files'][kind]['path']}": Path(file)
              for kind, file in registered.files.items()}  # fmt: skip
    if found := differences.in_lock(promised, (clone / LOCK).read_text("utf-8")):
        yield _with_byte(found, clone, stored, facts)
    for kind, file in facts["files"].items():
        path = f"data/model/{file['path']}"
        data = (clone / path).read_bytes()
        if (actual := hashlib.sha256(data).hexdigest()) != file["sha256"]:
            said = f"Stage train wrote {path} with sha256 {actual}; the card says {file['sha256']}."
            yield _with_byte(Difference(said, "train", path), clone, stored, facts)
        if kind in registered.files:
            yield from _stored(data, stored[path])
    if (card := (clone / CARD).read_bytes()) != registered.card.encode():
        found = differences.in_bytes(registered.card.encode(), card, path=CARD)
        yield Difference(found.sentence, "card", CARD, found.offset, found.part)


def _with_byte(
    found: Difference, clone: Path, stored: Mapping[str, Path], facts: Any
) -> Difference:
    """Add the first differing byte where the registered file itself can be had."""
    with contextlib.suppress(OSError, KeyError):
        recorded = stored[found.path].read_bytes()
        digests = {file["sha256"] for file in facts["files"].values()}
        actual = (clone / found.path).read_bytes()
        if hashlib.sha256(recorded).hexdigest() in digests and recorded != actual:
            byte = differences.in_bytes(recorded, actual, path=found.path)
            sentence = f"{found.sentence} {byte.sentence}"
            return Difference(sentence, found.stage, found.path, byte.offset, byte.part)
    return found


def _stored(made: bytes, path: Path) -> Iterator[Difference]:
    """Compare a file that the registry keeps with the one that was made just now."""
    try:
        data = path.read_bytes()
    except OSError as error:
        yield Difference(f"The stored {path} cannot be read: {error.strerror}.", path=path.name)
        return
    if data != made:
        found = differences.in_bytes(made, data, path=path.name)
        yield Difference(
            f"The pipeline made the registered bytes, but the stored file is damaged:"
            f" {found.sentence}",
            "stored", path.name, found.offset, found.part,
        )  # fmt: skip


def _paths(registered: Registered) -> dict[str, str]:
    """Return what the pipeline has to write."""
    facts = registered.facts
    files = {kind: f"data/model/{file['path']}" for kind, file in facts["files"].items()}
    return {"dataset": facts["dataset"]["path"], "lock": LOCK, "card": CARD, **files}


def _digests(registered: Registered, clone: Path) -> dict[str, str]:
    return {
        f"{name}_sha256": environment.sha256(clone / path)
        for name, path in _paths(registered).items()
        if (clone / path).is_file()
    }


def _command() -> None:
    parser = argparse.ArgumentParser(description="Make a registered model again; compare bytes.")
    parser.add_argument("version", nargs="?", default="live", help="its sha256, how that begins,"
                        " or: live")  # fmt: skip
    parser.add_argument("--dataset", type=Path, help="the dataset you were given, to be compared")
    parser.add_argument("--by", metavar="USER", help="who asks; kept in the ledger")
    parser.add_argument("--card", type=Path, help="a card.json, instead of a registered version")
    parser.add_argument("--registered", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--result", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    for name in [name for name in os.environ if _FOREIGN.fullmatch(name)]:
        del os.environ[name]
    start = time.monotonic()
    try:
        if arguments.registered is None and arguments.card is None:
            _ask_the_registry(arguments)
        verdict = reproduce(
            _registered(arguments), repositories=_repositories(), dataset=arguments.dataset
        )
    except CannotGoOn as error:
        verdict = Verdict(IMPOSSIBLE, str(error))
    except KeyboardInterrupt:
        say("\nStopped; nothing is left behind.")
        sys.exit(STOPPED)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime
    say(f"    Took {time.monotonic() - start:.1f} s, {cpu:.1f} s of CPU.")
    if arguments.result:  # whoever wants it there also says it
        arguments.result.write_text(json.dumps(asdict(verdict)))
    else:
        say(f"\n{verdict.sentence}")
    sys.exit(EXIT_CODES[verdict.outcome])


def _registered(arguments: argparse.Namespace) -> Registered:
    if arguments.registered:
        return Registered(**json.loads(arguments.registered.read_text()))
    try:
        card = arguments.card.read_text("utf-8")
        sha256 = json.loads(card)["files"]["model"]["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CannotGoOn(f"{arguments.card} is not a card: {error!r}.") from error
    return Registered(sha256=sha256, kind="model", card=card, commit=None, lock=None, files={})


def _repositories() -> list[str]:
    here = [str(ROOT)] if (ROOT / ".git").exists() else []
    return [*here, *filter(None, [os.environ.get("SHELFMARK_REPOSITORY")])]


def _ask_the_registry(arguments: argparse.Namespace) -> NoReturn:
    """Become manage.py, which finds the version and starts this again with what it knows."""
    environment.ensure_packages(environment.RUN)
    environment.ensure_secret_key()
    command = [str(environment.PYTHON), "manage.py", "reproduce_model", arguments.version]
    for name in ("dataset", "by"):
        if value := getattr(arguments, name):
            command += [f"--{name}", str(value)]
    os.execv(command[0], command)


if __name__ == "__main__":
    main(_command)
