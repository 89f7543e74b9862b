import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from accounts.models import User
from inventory import actions
from inventory.models import Category, Product
from ledger.models import Entry
from ledger.openings import opened
from lib import clock

pytestmark = pytest.mark.django_db
PRODUCTS = "/admin/inventory/product/"
CATEGORIES = "/admin/inventory/category/"
Enter = Callable[[User], Client]


@pytest.fixture
def ada(enter: Enter, admin: User) -> Client:
    client = enter(admin)
    for name in ("Tools", "Paint"):
        actions.create_category(name=name, parent=None, by=admin, now=clock.now())
    return client


@pytest.fixture
def drill(ada: Client, admin: User) -> Product:
    return actions.create_product(
        fields={"sku": "A-1", "name": "Drill", "gtin": 4006381333931, "width_mm": 5},
        category="Tools",
        by=admin,
        now=clock.now(),
    )


def form(**changes: object) -> dict[str, object]:
    return {
        "sku": "A-1", "gtin_text": "4006381333931", "name": "Drill", "brand": "",
        "description": "", "category_path": "Tools", "width_mm": "5", "height_mm": "",
        "depth_mm": "", "weight_g": "", "price": "", "version": "1",
    } | changes  # fmt: skip


def change(product: Product) -> str:
    return f"{PRODUCTS}{product.pk}/change/"


def kinds() -> list[str]:
    return list(Entry.objects.order_by("pk").values_list("kind", flat=True))


def errors(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.context["errors"])


def test_a_product_is_added_through_its_action(ada: Client) -> None:
    answer = ada.post(f"{PRODUCTS}add/", form(version=""))
    assert answer.status_code == 302
    product = Product.objects.get()
    assert (product.gtin, product.category_source) == (4006381333931, "person")
    entry = Entry.objects.get(kind="product.created")
    admin = User.objects.get(username="admin")
    assert (entry.actor_id, entry.subject) == (admin.pk, f"product:{product.pk}")
    # The ledger is the history; Django's own log is not kept beside it.
    assert not LogEntry.objects.exists()


def test_a_product_is_changed_through_its_action(ada: Client, drill: Product) -> None:
    answer = ada.post(change(drill), form(name="Hammer drill", category_path="Paint"))
    assert answer.status_code == 302
    drill.refresh_from_db()
    assert (drill.name, drill.version, str(drill.category)) == ("Hammer drill", 2, "Paint")
    entry = Entry.objects.get(kind="product.updated")
    told = opened(entry.uuid)["details"].value
    assert told["after"] == {"name": "Hammer drill", "category": "Paint"}


def test_saving_without_a_change_records_nothing(ada: Client, drill: Product) -> None:
    before = kinds()
    assert ada.post(change(drill), form()).status_code == 302
    drill.refresh_from_db()
    assert drill.version == 1
    assert kinds() == before


def test_a_category_that_a_model_said_stays_the_models_when_only_the_name_changes(
    ada: Client, drill: Product, admin: User
) -> None:
    actions.categorize(
        product_id=drill.pk, category="Paint", source="model", by=admin, now=clock.now()
    )
    ada.post(change(drill), form(name="Brush", category_path="Paint", version="2"))
    drill.refresh_from_db()
    assert (drill.name, drill.category_source) == ("Brush", "model")


def test_what_was_changed_meanwhile_is_not_overwritten(
    ada: Client, drill: Product, admin: User
) -> None:
    actions.update_product(
        product_id=drill.pk, fields={"name": "Faster"}, by=admin, now=clock.now()
    )
    before = kinds()
    answer = ada.post(change(drill), form(name="Slower", brand="Holm"))
    assert "Somebody changed this in the meantime" in errors(answer)
    assert 'value="Slower"' in answer.content.decode()
    drill.refresh_from_db()
    assert (drill.name, drill.brand) == ("Faster", "")
    assert kinds() == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sku": "B-2"}, "Another product has the SKU"),
        ({"category_path": "Nowhere"}, "There is no category “Nowhere”"),
        ({"gtin_text": "4006381333932"}, "The last digit of this GTIN should be 1"),
        ({"name": ""}, "This field is required"),
        ({"width_mm": "0"}, "inventory_width_mm_is_plausible"),
        ({"price": "-1"}, "inventory_price_is_not_negative"),
        ({"sku": "A\u20281"}, "invisible"),
        ({"version": ""}, "This form is not whole"),
    ],
)
def test_what_cannot_be_saved_is_said_in_the_form(
    ada: Client, drill: Product, admin: User, changes: dict[str, object], message: str
) -> None:
    actions.create_product(fields={"sku": "B-2", "name": "x"}, by=admin, now=clock.now())
    before = kinds()
    assert message in errors(ada.post(change(drill), form(**changes)))
    drill.refresh_from_db()
    assert (drill.sku, drill.name, drill.version) == ("A-1", "Drill", 1)
    assert kinds() == before


def test_a_product_is_deleted_in_the_version_that_was_shown(
    ada: Client, drill: Product, admin: User
) -> None:
    address = f"{PRODUCTS}{drill.pk}/delete/"
    assert b'name="version" value="1"' in ada.get(address).content
    actions.update_product(product_id=drill.pk, fields={"name": "x"}, by=admin, now=clock.now())
    answer = ada.post(address, {"post": "yes", "version": "1"}, follow=True)
    assert b"Somebody changed this in the meantime" in answer.content
    assert Product.objects.present().exists()
    ada.post(address, {"post": "yes", "version": "2"})
    assert not Product.objects.present().exists()
    assert kinds()[-1] == "product.deleted"


def test_a_deleted_product_is_still_there_to_be_read(
    ada: Client, drill: Product, admin: User
) -> None:
    actions.delete_product(product_id=drill.pk, by=admin, now=clock.now())
    assert b"A-1" not in ada.get(PRODUCTS).content
    assert b"A-1" in ada.get(f"{PRODUCTS}?deleted=yes").content
    assert b"The row stays" in ada.get(change(drill)).content
    assert ada.post(change(drill), form()).status_code == 403


def test_products_that_receipts_name_can_be_deleted(
    ada: Client, answer: Any, drill: Product
) -> None:
    answer(product=drill)
    page = ada.get(f"{PRODUCTS}{drill.pk}/delete/")
    assert b"Its receipts and ledger entries stay" in page.content
    ada.post(f"{PRODUCTS}{drill.pk}/delete/", {"post": "yes", "version": "1"})
    assert not Product.objects.present().exists()


def test_many_are_deleted_one_action_each(ada: Client, drill: Product, admin: User) -> None:
    other = actions.create_product(fields={"sku": "B", "name": "x"}, by=admin, now=clock.now())
    chosen = {"action": "delete_selected", "_selected_action": [drill.pk, other.pk]}
    assert ada.post(PRODUCTS, chosen).status_code == 200
    assert ada.post(PRODUCTS, {**chosen, "post": "yes"}).status_code == 302
    assert not Product.objects.present().exists()
    assert kinds().count("product.deleted") == 2


def test_when_one_of_many_cannot_be_deleted_none_is(
    ada: Client, drill: Product, admin: User
) -> None:
    tools, paint = Category.objects.get(path="Tools"), Category.objects.get(path="Paint")
    chosen = {"action": "delete_selected", "_selected_action": [paint.pk, tools.pk], "post": "yes"}
    answer = ada.post(CATEGORIES, chosen, follow=True)
    assert b"One product belongs to this category" in answer.content
    assert Category.objects.count() == 2
    assert "category.deleted" not in kinds()


def say(client: Client, products: list[Product], **more: object) -> Any:
    chosen = {"action": "say_category", "_selected_action": [one.pk for one in products]}
    return client.post(PRODUCTS, {**chosen, **more})


def test_a_category_is_said_for_many(ada: Client, drill: Product, admin: User) -> None:
    other = actions.create_product(fields={"sku": "B", "name": "x"}, by=admin, now=clock.now())
    page = say(ada, [drill, other])
    assert b"Say it for 2 products" in page.content
    shown = page.context["shown"]
    assert say(ada, [drill, other], say="yes", shown=shown, category="Paint").status_code == 302
    found = Product.objects.values_list("category__path", "category_source")
    assert set(found) == {("Paint", "person")}
    assert kinds().count("product.categorized") == 2


def test_a_category_is_not_said_for_what_was_changed_meanwhile(
    ada: Client, drill: Product, admin: User
) -> None:
    other = actions.create_product(fields={"sku": "B", "name": "x"}, by=admin, now=clock.now())
    shown = say(ada, [drill, other]).context["shown"]
    actions.update_product(product_id=other.pk, fields={"name": "y"}, by=admin, now=clock.now())
    answer = say(ada, [drill, other], say="yes", shown=shown, category="Paint")
    assert answer.status_code == 302
    assert b"Nothing was changed" in ada.get(PRODUCTS).content
    assert not Product.objects.filter(category__path="Paint").exists()
    assert "product.categorized" not in kinds()


@pytest.mark.parametrize("category", ["", "Nowhere"])
def test_a_category_that_is_not_there_is_not_said(
    ada: Client, drill: Product, category: str
) -> None:
    answer = say(ada, [drill], say="yes", shown="{}", category=category)
    assert answer.status_code == 200
    assert answer.context["form"].errors


def test_versions_that_were_tampered_with_change_nothing(ada: Client, drill: Product) -> None:
    for shown in ("", "[]", '{"x": "y"}', "null"):
        say(ada, [drill], say="yes", shown=shown, category="Paint")
    drill.refresh_from_db()
    assert str(drill.category) == "Tools"


@pytest.mark.parametrize("who", ["alice", "bob", "dora"])
def test_who_may_only_look_is_offered_nothing_to_change(
    request: pytest.FixtureRequest, enter: Enter, drill: Product, who: str
) -> None:
    client = enter(request.getfixturevalue(who))
    page = client.get(PRODUCTS)
    assert page.status_code == 200
    assert b"say_category" not in page.content
    assert b"Add a product" not in page.content
    before = kinds()
    say(client, [drill], say="yes", shown=json.dumps({drill.pk: 1}), category="Paint")
    assert client.post(change(drill), form(name="x")).status_code == 403
    assert client.post(f"{PRODUCTS}{drill.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"{PRODUCTS}add/", form()).status_code == 403
    drill.refresh_from_db()
    assert (drill.name, str(drill.category)) == ("Drill", "Tools")
    assert kinds() == before


def test_a_product_leads_to_its_receipts(ada: Client, drill: Product) -> None:
    page = ada.get(change(drill)).content.decode()
    assert f'href="/admin/predictions/prediction/?product={drill.pk}"' in page
    assert f"?subject=product%3A{drill.pk}" in page


def test_its_history_is_the_ledger(ada: Client, drill: Product) -> None:
    answer = ada.get(f"{PRODUCTS}{drill.pk}/history/")
    assert answer["Location"] == f"/admin/ledger/entry/?subject=product:{drill.pk}"


def test_categories_are_written_through_their_actions(ada: Client) -> None:
    assert ada.post(f"{CATEGORIES}add/", {"name": "Drills", "parent_path": "Tools"}).status_code
    drills = Category.objects.get(path="Tools > Drills")
    address = f"{CATEGORIES}{drills.pk}/change/"
    moved = {"name": "Drills", "parent_path": "Paint", "version": "1"}
    assert ada.post(address, moved).status_code == 302
    assert Category.objects.get(pk=drills.pk).path == "Paint > Drills"
    assert "Somebody changed this" in errors(ada.post(address, {**moved, "name": "x"}))
    again = ada.post(f"{CATEGORIES}add/", {"name": "Tools", "parent_path": ""})
    assert "There is already a category “Tools”" in errors(again)
    ada.post(f"{CATEGORIES}{drills.pk}/delete/", {"post": "yes", "version": "2"})
    assert kinds()[-3:] == ["category.created", "category.updated", "category.deleted"]


def test_a_category_with_products_is_not_deleted(ada: Client, drill: Product) -> None:
    tools = Category.objects.get(path="Tools")
    answer = ada.post(
        f"{CATEGORIES}{tools.pk}/delete/", {"post": "yes", "version": "1"}, follow=True
    )
    assert b"One product belongs to this category" in answer.content
    assert Category.objects.filter(path="Tools").exists()
