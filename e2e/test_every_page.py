"""Every page as every role sees it: no barrier, nothing cut off, no complaint in the console."""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.roles import DEMO_PEOPLE, ROLES, STAFF
from e2e.accessibility import axe
from e2e.conftest import PATIENCE_MS, SIZES, Site, Witness, picture
from e2e.scene import add_product, get, resize, sign_in, stock
from e2e.test_pages import overflow

# `{product}` and `{receipt}` stand for those of the scene.
PAGES = {
    "/": "inventory.view_product",
    "/products": "inventory.view_product",
    "/products?search=nothing+has+this": "inventory.view_product",
    "/products/{product}": "inventory.view_product",
    "/products/{product}/edit": "inventory.change_product",
    "/products/new": "inventory.add_product",
    "/categories": "inventory.view_category",
    "/review": "predictions.review_prediction",
    "/tablet/": "inventory.view_product",
    "/tablet/products/{product}": "inventory.view_product",
    "/tablet/review": "predictions.review_prediction",
    "/tablet/changes": "inventory.view_product",
    "/tablet/ready": "inventory.view_product",
}
DESK = {
    "/admin/": "predictions.view_prediction",
    "/admin/predictions/prediction/": "predictions.view_prediction",
    "/admin/predictions/prediction/{receipt}/change/": "predictions.view_prediction",
    "/admin/predictions/review/": "predictions.view_review",
    "/admin/inventory/product/": "inventory.view_product",
    "/admin/inventory/product/{product}/change/": "inventory.view_product",
    "/admin/inventory/product/add/": "inventory.add_product",
    "/admin/inventory/category/": "inventory.view_category",
    "/admin/registry/modelversion/": "registry.view_modelversion",
    "/admin/registry/modelversion/{model}/change/": "registry.view_modelversion",
    "/admin/registry/deployment/": "registry.view_deployment",
    "/admin/predictions/prediction/live/": "registry.view_deployment",
    "/admin/ledger/entry/": "ledger.view_entry",
    "/admin/ledger/entry/1/change/": "ledger.view_entry",
    "/admin/ledger/entry/status/": "ledger.audit",
    "/admin/jobs/job/": "jobs.view_job",
    "/admin/accounts/user/": "accounts.view_user",
    "/admin/accounts/tablet/": "accounts.view_tablet",
    "/admin/sync/change/": "sync.view_change",
    "/admin/password_change/": "predictions.view_prediction",
}
BUSY = '[aria-busy="true"]'


@dataclass(frozen=True, slots=True)
class Scene:
    """A product that was asked about, and that somebody should look at."""

    product: int
    receipt: str
    model: str


@pytest.fixture(scope="module")
def scene(site: Site, browser: Browser) -> Scene:
    stock(site)
    context = browser.new_context(base_url=site.origin)
    page = context.new_page()
    sign_in(page, site, "carla")
    product = add_product(page, "Claw hammer 500 g", width_mm=330, gtin="96385074")["id"]
    answer = get(page, f"products/{product}/prediction")
    context.close()
    return Scene(product, answer["receipt_id"], answer["model"])


def pages_of(role: str) -> list[str]:
    permissions = set(ROLES[role])
    pages = {**PAGES, **(DESK if role in STAFF else {})}
    return [address for address, needed in pages.items() if needed in permissions]


@pytest.mark.parametrize("who", DEMO_PEOPLE)
def test_a_role_meets_no_barrier(page: Page, site: Site, scene: Scene, who: str) -> None:
    role = DEMO_PEOPLE[who][1]
    resize(page, "tablet")
    sign_in(page, site, who)
    barriers: dict[str, list[str]] = {}
    for address in pages_of(role):
        open_page(page, address, scene)
        found = axe(page)
        if pixels := overflow(page):
            found.append(f"{pixels} pixels stand out to the right")
        # What everybody sees alike is looked at once at a desk's size.
        if who == "admin":
            name = re.sub(r"\W+", "-", address).strip("-") or "home"
            picture(page, f"every-{name}-tablet")
            resize(page, "desk")
            found += axe(page)
            if pixels := overflow(page):
                found.append(f"{pixels} pixels stand out to the right at a desk")
            picture(page, f"every-{name}-desk")
            resize(page, "tablet")
        if found:
            barriers[address] = found
    assert barriers == {}


@pytest.mark.parametrize("who", DEMO_PEOPLE)
def test_the_rooms_that_a_page_offers_are_open(page: Page, site: Site, who: str) -> None:
    sign_in(page, site, who)
    rooms = page.get_by_role("navigation", name="Rooms").get_by_role("link")
    doors = page.get_by_role("main").get_by_role("link")
    offered = {link.get_attribute("href") for link in (*rooms.all(), *doors.all())}
    assert offered
    for address in offered:
        assert address is not None
        answer = page.request.get(address)
        assert (answer.status, "sign-in" in answer.url) == (200, False), address


def test_a_room_is_entered_and_left_with_the_keyboard_alone(page: Page, site: Site) -> None:
    sign_in(page, site, "rita")
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Look through the products")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Products")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Where does this product belong?")


def test_a_finger_is_enough(site: Site, browser: Browser, scene: Scene) -> None:
    width, height = SIZES["tablet"]
    context = browser.new_context(
        base_url=site.origin, viewport={"width": width, "height": height}, has_touch=True
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    witness = Witness(site.origin)
    witness.watch(page)
    sign_in(page, site, "carla")
    product = add_product(page, "Rubber mallet 450 g, ash handle", width_mm=320)
    page.get_by_role("navigation", name="Rooms").get_by_role("link", name="Products").tap()
    page.get_by_role("searchbox").tap()
    page.keyboard.insert_text("mallet ash")
    page.get_by_role("button", name="Show").tap()
    page.get_by_role("link", name="Rubber mallet 450 g, ash handle").tap()
    page.get_by_role("button", name="Correct").tap()
    page.get_by_role("combobox", name="The right category").tap()
    page.keyboard.insert_text("pliers")
    page.locator(".ant-select-item-option", has_text="Pliers").tap()
    expect(page.get_by_text("Corrected by carla")).to_be_visible()
    page.get_by_role("link", name="Change").tap()
    page.get_by_label("Brand").tap()
    page.keyboard.insert_text("Korvand")
    page.get_by_role("button", name="Save").tap()
    page.wait_for_url(f"**/products/{product['id']}")
    expect(page.get_by_text("Korvand")).to_be_visible()
    context.close()
    assert (witness.errors, witness.foreign) == ([], [])


def open_page(page: Page, address: str, scene: Scene) -> None:
    page.goto(address.format(product=scene.product, receipt=scene.receipt, model=scene.model))
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    expect(page.locator(BUSY)).to_have_count(0)
    page.wait_for_load_state("networkidle")
