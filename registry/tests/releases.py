"""A pytest plugin: a real release, trained once a session by the real trainer on a small CSV."""

import csv
import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from accounts.models import User

CATEGORIES = {
    "Tools > Power tools > Cordless drills": (
        ["Cordless drill", "Drill driver", "Hammer drill"],
        ["brushless motor", "two batteries and a charger", "keyless chuck", "18 volt"],
        (210, 1600),
    ),
    "Tools > Hand tools > Hammers": (
        ["Claw hammer", "Sledge hammer", "Rubber mallet"],
        ["forged steel head", "hickory handle", "shock absorbing grip", "for nails"],
        (330, 700),
    ),
    "Fasteners > Screws": (
        ["Wood screw", "Machine screw", "Chipboard screw"],
        ["countersunk head", "zinc plated", "box of 200", "torx drive"],
        (60, 300),
    ),
    "Storage > Shelves": (
        ["Shelf unit", "Wall shelf", "Heavy duty rack"],
        ["five shelves", "solid oak", "load per shelf 80 kg", "easy to assemble"],
        (900, 21000),
    ),
    "Safety > Gloves": (
        ["Work gloves", "Nitrile gloves", "Leather gloves"],
        ["cut resistant", "size large", "breathable back", "pack of ten pairs"],
        (120, 150),
    ),
    "Lighting > Lamps": (
        ["Desk lamp", "Work light", "Ceiling lamp"],
        ["LED warm white", "dimmable", "E27 socket", "2000 lumen"],
        (180, 900),
    ),
}
SHA256 = dict[str, str]


def rows() -> Iterator[dict[str, Any]]:
    """Every name with every pair of remarks: 36 products of each category."""
    for category, (names, remarks, (width, weight)) in CATEGORIES.items():
        pairs = itertools.permutations(remarks, 2)
        for number, (name, (first, second)) in enumerate(itertools.product(names, pairs)):
            yield {
                "name": f"{name} {number}",
                "description": f"{name} with {first}, {second}.",
                "brand": ("Nordwerk", "Holm")[number % 2],
                "width_mm": width + number,
                "height_mm": width // 2 + number,
                "depth_mm": width // 3 + number,
                "weight_g": weight + 10 * number,
                "category": category,
                "split": "test" if number % 6 == 5 else "train",
            }


def train(folder: Path, *, number: str = "width_mm,height_mm,depth_mm,weight_g") -> Path:
    """Train a release on `rows` through the command line, as a person would."""
    from categorizer.cli import main

    folder.mkdir(parents=True)
    table = folder / "products.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, next(rows()).keys())
        writer.writeheader()
        writer.writerows(rows())
    arguments = [
        "train", str(table), "--text", "name,description,brand", "--number", number,
        "--label", "category", "--split", "split", "--compare", "", "--quiet",
        "--out", str(folder / "release"),
    ]  # fmt: skip
    assert main(arguments) == 0
    return folder / "release"


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release folder nobody may change."""
    return train(tmp_path_factory.mktemp("release") / "one")


@pytest.fixture(scope="session")
def trained_otherwise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another release of the same labels: it reads fewer numbers, so its model has other bytes."""
    return train(tmp_path_factory.mktemp("release") / "two", number="width_mm,weight_g")


@pytest.fixture
def release_folder(trained: Path, tmp_path: Path) -> Path:
    """A release folder that a test may damage."""
    return Path(shutil.copytree(trained, tmp_path / "release"))


@pytest.fixture(autouse=True)
def models_dir(tmp_path: Path, settings: Any) -> Iterator[Path]:
    """A folder for model files of each test's own, and no model left in memory from the last."""
    from predictions import serving

    settings.MODELS_DIR = tmp_path / "models"
    serving.forget()
    serving.loaded.cache_clear()
    yield settings.MODELS_DIR
    serving.forget()
    serving.loaded.cache_clear()


@pytest.fixture
def deployed(db: None, trained: Path, models_dir: Path) -> SHA256:
    """The trained release, answering. The sha256 of each of its models by role."""
    from lib import clock
    from registry import actions
    from registry.release import read_release

    started = actions.plant(release=read_release(trained), by=actions.robot(), now=clock.now())
    return {str(deployment.role): deployment.version_id for deployment in started}


@pytest.fixture
def categories(admin: "User") -> None:
    """The categories the trained release knows."""
    from django.db import transaction

    from inventory.actions import ensure_categories
    from lib import clock

    with transaction.atomic():
        ensure_categories(paths=set(CATEGORIES), by=admin, now=clock.now())
