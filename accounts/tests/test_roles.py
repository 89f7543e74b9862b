import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from accounts import actions
from accounts.models import User
from accounts.roles import DEMO_PEOPLE, ROLES

pytestmark = pytest.mark.django_db


def test_creating_the_roles_twice_leaves_each_once_with_its_permissions() -> None:
    for _ in range(2):
        call_command("create_roles", verbosity=0)
    for name, permissions in ROLES.items():
        group = Group.objects.get(name=name)
        held = {
            f"{permission.content_type.app_label}.{permission.codename}"
            for permission in group.permissions.select_related("content_type")
        }
        assert held == set(permissions)


def test_a_permission_that_was_added_by_hand_is_taken_away_again(roles: None) -> None:
    picker, administrator = (Group.objects.get(name=n) for n in ("picker", "administrator"))
    picker.permissions.add(*administrator.permissions.all())
    call_command("create_roles", verbosity=0)
    assert picker.permissions.count() == len(ROLES["picker"])


def test_a_role_with_an_unknown_permission_is_refused_by_name() -> None:
    with pytest.raises(actions.CannotCreate, match=r"inventory\.fly"):
        actions.create_roles(roles={"pilot": ["inventory.fly"]})


@pytest.mark.parametrize("role", ["data_scientist", "administrator"])
def test_who_hands_in_models_or_keeps_people_does_not_approve_models(role: str) -> None:
    assert "registry.approve_modelversion" not in ROLES[role]


def test_the_approver_cannot_hand_in_a_model() -> None:
    assert "registry.add_modelversion" not in ROLES["approver"]


def test_the_auditor_changes_nothing() -> None:
    # To audit is to follow, replay and prove; what it opens is held to reading by its own tests.
    assert all(".view_" in one or one == "ledger.audit" for one in ROLES["auditor"])


def test_whoever_holds_the_product_may_do_what_a_reviewer_may() -> None:
    assert set(ROLES["picker"]) == set(ROLES["reviewer"])


@pytest.mark.parametrize("role", ["picker", "reviewer"])
def test_whoever_works_with_products_deletes_none_and_keeps_no_people(role: str) -> None:
    assert not [p for p in ROLES[role] if ".delete_" in p or p.startswith(("accounts.", "auth."))]


def test_nobody_is_made_for_a_demonstration_that_was_not_asked_for() -> None:
    with pytest.raises(CommandError, match="SHELFMARK_DEMO=True"):
        call_command("create_demo_people")
    assert not User.objects.exists()


def test_the_demo_people_sign_in_with_what_is_printed(
    roles: None, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.DEMO = True
    call_command("create_demo_people")
    printed = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    assert [name for name, _, _ in printed] == list(DEMO_PEOPLE)
    for name, password, _ in printed:
        assert Client().login(username=name, password=password), name


def test_making_the_demo_people_again_signs_nobody_out(
    roles: None, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.DEMO = True
    call_command("create_demo_people")
    first = capsys.readouterr().out
    client = Client()
    client.force_login(User.objects.get(username="carla"))
    call_command("create_demo_people")
    assert capsys.readouterr().out == first
    assert client.get("/api/v1/products").status_code == 200


def test_another_secret_key_makes_other_passwords(
    roles: None, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.DEMO = True
    call_command("create_demo_people")
    first = capsys.readouterr().out
    settings.SECRET_KEY = "another key"
    call_command("create_demo_people")
    assert capsys.readouterr().out != first
