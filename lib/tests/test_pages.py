import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from accounts.models import User
from lib.api import BadQuery
from lib.pages import not_understood, page_needs

pytestmark = pytest.mark.django_db


@page_needs("inventory.view_product")
def shelf(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(f"shelf {number}")


@page_needs("inventory.view_product", "inventory.delete_product")
def shredder(request: HttpRequest) -> HttpResponse:
    return HttpResponse("gone")


def asked(
    user: User | AnonymousUser, address: str = "/shelves/7?side=left&q=%C3%A4"
) -> HttpRequest:
    request = RequestFactory().get(address)
    request.user = user
    return request


def test_who_has_the_permission_sees_the_page(carla: User) -> None:
    assert getattr(shelf(asked(carla), number=7), "content", b"") == b"shelf 7"


def test_a_stranger_signs_in_and_comes_back_to_where_they_wanted_to_go() -> None:
    answer = shelf(asked(AnonymousUser()), number=7)
    assert answer.status_code == 302
    assert answer["Location"] == "/sign-in?next=/shelves/7%3Fside%3Dleft%26q%3D%25C3%25A4"


def test_who_is_signed_in_without_the_permission_is_refused() -> None:
    nobody = User.objects.create_user("nobody")
    with pytest.raises(PermissionDenied):
        shelf(asked(nobody), number=7)


def test_a_page_with_two_permissions_needs_both(carla: User, admin: User) -> None:
    assert shredder(asked(admin)).status_code == 200
    with pytest.raises(PermissionDenied):
        shredder(asked(carla))


def test_no_cache_keeps_what_only_some_may_see(carla: User) -> None:
    kept = shelf(asked(carla), number=7)["Cache-Control"]
    assert "no-store" in kept
    assert "private" in kept


def test_an_address_that_makes_no_sense_is_answered_with_the_reason() -> None:
    page = not_understood(asked(AnonymousUser()), BadQuery("shelf", "There is no <b>."))
    assert page.status_code == 400
    assert "“shelf”: There is no &lt;b&gt;." in page.content.decode()
