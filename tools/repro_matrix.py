"""`make repro-matrix`: train and predict under many CPUs and versions, and compare the bytes.

Each row of the matrix is a pair of processes: one trains on a slice of the sample dataset,
one answers for every product of that slice. All rows of one size must agree on the sha256
of the model, of the files beside it, and of the answers.
"""

import csv
import hashlib
import io
import json
import os
import platform
import random
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools import arm64, environment, stamps
from tools.console import ROOT, VAR, CannotGoOn, main, say

CATALOGUE = ROOT / "data" / "raw" / "products.csv"
TEXT = ("name", "description", "brand")
NUMBERS = ("width_mm", "height_mm", "depth_mm", "weight_g")
# Emulators are 20 times slower than the machine itself, plain Python 1,000 times.
ROWS = {"full": 2000, "small": 120, "tiny": 40}
OTHER_NUMPY = "2.2.6"
NUMPY_OFF = {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"}
GLIBC_OFF = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4"}

Probe = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One environment, and how to tell that it is really in force."""

    name: str
    size: str
    env: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = (str(environment.PYTHON),)
    # What the probe must show, given the probe of the first row; None when it does.
    objection: Callable[[Probe, Probe], str | None] = lambda probe, first: None


@dataclass(frozen=True)
class Result:
    """What came out of one row."""

    model: str
    files: str
    answers: str


class NotRun(Exception):
    """The message says why."""


def matrix() -> None:
    environment.ensure_packages(environment.RUN)
    if not CATALOGUE.exists():
        raise CannotGoOn(f"{CATALOGUE.relative_to(ROOT)} is missing; `make model` fetches it.")
    code = _code()
    first: Probe = {}
    results: dict[str, dict[str, Result]] = {size: {} for size in ROWS}
    skipped: list[str] = []
    floats: set[str] = set()
    machines: dict[str, set[str]] = {size: set() for size in ROWS}
    say(_line("", "numpy", "BLAS", "floats", "model", "files", "answers", ""))
    for row in _rows(skipped):
        start = time.monotonic()
        try:
            probe = _probe(row)
            first = first or probe
            if reason := row.objection(probe, first):
                raise NotRun(reason)
            result = _train_and_answer(row)
        except NotRun as error:
            skipped.append(f"{row.name}: {error}")
            continue
        results[row.size][row.name] = result
        floats.add(probe["floats"])
        machines[row.size].add(probe["machine"])
        say(
            _line(
                row.name,
                probe["numpy"],
                "/".join(probe["blas"]),
                probe["floats"][:8],
                result.model[:12],
                result.files[:8],
                result.answers[:12],
                f"{time.monotonic() - start:.0f} s",
            )
        )
    if _code() != code:
        raise CannotGoOn(
            "categorizer/ or the dataset changed meanwhile, so rows cannot be compared."
        )
    _conclude(results, skipped, floats, machines)


def _code() -> str:
    """Name the code and data under test: a model's metadata holds a digest of both."""
    return stamps.digest([ROOT / "categorizer", CATALOGUE])


def _rows(skipped: list[str]) -> Iterator[Row]:
    yield Row("this machine", "full")
    yield Row("one thread", "full", _threads(1), objection=_has_threads(1))
    yield Row("two threads", "full", _threads(2), objection=_has_threads(2))
    seed = str(random.randrange(1, 2**32))
    yield Row(f"PYTHONHASHSEED={seed}", "full", {"PYTHONHASHSEED": seed})
    if platform.machine() == "x86_64":
        yield from _x86_rows()
    else:
        skipped.append("x86-64 variations: this machine is " + platform.machine())
    yield from _other_numpy(skipped)
    yield Row("this machine", "small")
    yield from _emulated(skipped)
    yield Row("this machine", "tiny")
    yield Row("numba off: plain Python", "tiny", {"NUMBA_DISABLE_JIT": "1"})


def _x86_rows() -> Iterator[Row]:
    flags = Path("/proc/cpuinfo").read_text()
    for core, needs in (
        ("Nehalem", "sse4_2"), ("Sandybridge", " avx "), ("Haswell", "avx2"),
        ("SkylakeX", "avx512f"),
    ):  # fmt: skip
        if needs in flags:
            env = {"OPENBLAS_CORETYPE": core}
            yield Row(f"OpenBLAS for {core}", "full", env, objection=_has_blas(core))
    yield Row("numpy without SIMD", "full", NUMPY_OFF, objection=_has_no_simd)
    yield Row("libm without FMA", "full", GLIBC_OFF, objection=_has_other_libm)
    yield Row(
        "numba for a generic CPU",
        "full",
        {"NUMBA_CPU_NAME": "generic"},
        objection=_has_generic_numba,
    )
    old = {
        **NUMPY_OFF, **GLIBC_OFF, **_threads(1),
        "OPENBLAS_CORETYPE": "Nehalem", "NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "",
    }  # fmt: skip
    yield Row("all of these: a CPU of 2009", "full", old, objection=_has_no_simd)


def _other_numpy(skipped: list[str]) -> Iterator[Row]:
    """A throwaway environment with an older numpy, and whatever fits it."""
    folder = VAR / "repro" / f"numpy-{OTHER_NUMPY}"
    python = folder / "bin" / "python"
    name = f"numpy {OTHER_NUMPY}"
    if not (folder / "complete").exists():
        pins = [
            line.split(" ")[0]
            for line in (ROOT / "requirements-train.in").read_text().splitlines()
            if line.startswith(("scikit-learn", "scipy", "joblib", "numba"))
        ]
        commands: tuple[list[str | Path], ...] = (
            [environment.PYTHON, "-m", "venv", "--clear", folder],
            [python, "-m", "pip", "install", "--quiet", f"numpy=={OTHER_NUMPY}", *pins],
        )
        try:
            for command in commands:
                subprocess.run(command, check=True, capture_output=True)
        except subprocess.CalledProcessError:
            skipped.append(f"{name}: pip could not install it")
            return
        (folder / "complete").touch()
    yield Row(name, "full", command=(str(python),), objection=_has_numpy(OTHER_NUMPY))


def _emulated(skipped: list[str]) -> Iterator[Row]:
    if platform.machine() == "x86_64":
        for cpu in ("Nehalem", "max"):
            try:
                emulator = str(arm64.qemu("x86_64"))
            except arm64.NotAvailable as error:
                skipped.append(f"qemu {cpu}: {error}")
                continue
            yield Row(
                f"qemu, x86-64 {cpu}",
                "small",
                command=(emulator, "-cpu", cpu, str(environment.PYTHON)),
            )
        try:
            command, env = arm64.python()
        except arm64.NotAvailable as error:
            skipped.append(f"qemu, arm64: {error}")
        else:
            yield Row("qemu, arm64", "small", env, tuple(command), objection=_is_machine("aarch64"))


def _threads(number: int) -> dict[str, str]:
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS")
    return dict.fromkeys(names, str(number))


def _has_threads(number: int) -> Callable[[Probe, Probe], str | None]:
    return lambda probe, first: (
        None if probe["threads"] == number else f"BLAS has {probe['threads']} threads"
    )


def _has_blas(core: str) -> Callable[[Probe, Probe], str | None]:
    return lambda probe, first: (
        None if probe["blas"] == [core] else f"BLAS took its code for {'/'.join(probe['blas'])}"
    )


def _has_numpy(version: str) -> Callable[[Probe, Probe], str | None]:
    return lambda probe, first: None if probe["numpy"] == version else f"numpy {probe['numpy']}"


def _is_machine(name: str) -> Callable[[Probe, Probe], str | None]:
    return lambda probe, first: None if probe["machine"] == name else probe["machine"]


def _has_no_simd(probe: Probe, first: Probe) -> str | None:
    return f"numpy still uses {', '.join(probe['simd'])}" if probe["simd"] else None


def _has_other_libm(probe: Probe, first: Probe) -> str | None:
    return None if probe["libm"] != first["libm"] else "libm takes the same path either way"


def _has_generic_numba(probe: Probe, first: Probe) -> str | None:
    return None if probe["numba"] == "generic" else f"numba compiles for {probe['numba']}"


def _probe(row: Row) -> Probe:
    found: Probe = json.loads(_run(row, "tools/float_probe.py").splitlines()[-1])
    return found


def _train_and_answer(row: Row) -> Result:
    with tempfile.TemporaryDirectory(prefix="shelfmark-matrix-") as folder:
        table, out = Path(folder) / "slice.csv", Path(folder) / "model"
        products = _slice(table, ROWS[row.size])
        _run(
            row, "-m", "categorizer", "train", str(table), "--text", ",".join(TEXT),
            "--number", ",".join(NUMBERS), "--label", "category", "--out", str(out),
            "--compare", "", "--quiet",
        )  # fmt: skip
        model = out / "model.safetensors"
        answers = _run(row, "-m", "categorizer", "suggest", str(model), "--top", "5", text=products)
        files = hashlib.sha256()
        for path in sorted([*out.glob("*.safetensors"), *out.glob("*.json")]):
            files.update(path.name.encode() + path.read_bytes())
        return Result(
            model=hashlib.sha256(model.read_bytes()).hexdigest(),
            files=files.hexdigest(),
            answers=hashlib.sha256(answers.encode()).hexdigest(),
        )


def _slice(target: Path, size: int) -> str:
    """Write evenly spaced rows of the catalogue; return the same products as JSON Lines."""
    with CATALOGUE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    chosen = [rows[index * len(rows) // size] for index in range(min(size, len(rows)))]
    columns = [*TEXT, *NUMBERS, "category"]
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(chosen)
    lines = io.StringIO()
    for product in chosen:
        numbers = {name: int(product[name]) for name in NUMBERS if product[name]}
        texts = {name: product[name] for name in TEXT if product[name]}
        lines.write(json.dumps({**texts, **numbers}, ensure_ascii=False) + "\n")
    return lines.getvalue()


def _run(row: Row, *words: str, text: str | None = None) -> str:
    with tempfile.TemporaryDirectory(prefix="shelfmark-numba-") as cache:
        # A kernel that another row compiled for another CPU must not be reused.
        env = {**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": cache, **row.env}
        done = subprocess.run(
            [*row.command, *words], cwd=ROOT, env=env, check=False, capture_output=True,
            input=text, encoding="utf-8",
        )  # fmt: skip
    if done.returncode != 0:
        what = f"{row.name}: {' '.join(words[:3])}"
        raise CannotGoOn(f"{what} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return done.stdout


def _line(*cells: str) -> str:
    widths = (30, 7, 18, 9, 13, 9, 13, 6)
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()


def _conclude(
    results: Mapping[str, Mapping[str, Result]],
    skipped: list[str],
    floats: set[str],
    machines: Mapping[str, set[str]],
) -> None:
    for reason in skipped:
        say(f"NOT RUN  {reason}")
    say(f"\nOrdinary floating point gave {len(floats)} different results in these rows.")
    different = False
    for size, rows in results.items():
        found = set(rows.values())
        if not found:
            continue
        if len(found) == 1:
            one = next(iter(found))
            say(
                f"{ROWS[size]} products, {len(rows)} environments"
                f" ({', '.join(sorted(machines[size]))}):"
                f" one hash. Model {one.model}, answers {one.answers}"
            )
        else:
            different = True
            say(f"{ROWS[size]} products: {len(found)} DIFFERENT RESULTS")
            for name, result in rows.items():
                say(f"  {name}: model {result.model} answers {result.answers}")
    if different:
        raise CannotGoOn("The model depends on the machine. That breaks its first promise.")


if __name__ == "__main__":
    main(matrix)
