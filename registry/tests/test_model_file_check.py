from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from registry import files
from registry.checks import check_model_files
from registry.tests.releases import SHA256

pytestmark = pytest.mark.django_db

KIND = {"live": "model", "fallback": "fallback", "rules": "rules"}


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.chmod(0o644)
    path.write_bytes(bytes(data))


def cut(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1])


def swap(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/hostname")


def test_whole_files_are_fine(deployed: SHA256) -> None:
    assert check_model_files(None) == []


@pytest.mark.parametrize("role", ["live", "fallback", "rules"])
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (Path.unlink, "cannot be read"),
        (cut, "is cut off"),
        (flip, "is not the file that was registered"),
        (swap, "is cut off|is not the file|cannot be read"),
    ],
)
def test_a_damaged_file_is_named_with_what_to_type(
    deployed: SHA256, role: str, damage: Callable[[Path], None], message: str
) -> None:
    path = files.path_of(deployed[role], kind=KIND[role])
    damage(path)
    (fault,) = check_model_files(None)
    assert fault.id == "registry.E001"
    assert str(path) in fault.msg
    assert fault.msg.startswith(f"The {role} model")
    assert "manage.py register_model" in str(fault.hint)
    with pytest.raises(CommandError, match=r"registry\.E001"):
        call_command("check")


def test_the_command_that_repairs_runs_although_the_check_fails(
    deployed: SHA256, trained: Path
) -> None:
    files.path_of(deployed["live"], kind="model").unlink()
    call_command("register_model", str(trained), "--seed")
    assert check_model_files(None) == []


def test_before_the_first_migration_there_is_nothing_to_check(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE registry_deployment RENAME TO gone")
    assert check_model_files(None) == []
