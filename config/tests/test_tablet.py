import hashlib
import json
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import User
from config import tablet
from lib import islands

pytestmark = pytest.mark.django_db

MANIFEST = {
    tablet.ENTRY: {"file": "tablet-aaaaaaaa.js", "css": ["tablet-bbbbbbbb.css"]},
}
WORKER = (
    'precache([{url:"/tablet/",revision:"{{ shell }}"},{url:"/offline",revision:`{{ offline }}`}])'
)


@pytest.fixture(autouse=True)
def dist(tmp_path: Path, settings: Settings) -> Path:
    """A frontend as if Vite had built it."""
    settings.BASE_DIR = tmp_path
    folder = tmp_path / "frontend" / "dist"
    (folder / "pages").mkdir(parents=True)
    (folder / "pages" / "manifest.json").write_text(json.dumps(MANIFEST))
    (folder / "sw.js").write_text(WORKER)
    islands._manifest.cache_clear()
    return folder


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("address", ["/tablet/", "/tablet/products/7", "/offline"])
def test_a_page_of_the_tablet_has_the_same_bytes_for_everybody(
    address: str, client: Client, carla: User, admin: User
) -> None:
    seen = {client.get(address).content}
    for person in (carla, admin):
        client.force_login(person)
        seen.add(client.get(address).content)
    assert len(seen) == 1
    assert b"csrf" not in seen.pop()


@pytest.mark.parametrize("address", ["/tablet/", "/offline", "/sw.js", "/manifest.webmanifest"])
def test_what_the_worker_keeps_sets_no_cookie_and_does_not_vary_by_it(
    address: str, client: Client, carla: User
) -> None:
    client.force_login(carla)
    answer = client.get(address)
    assert answer.status_code == 200
    assert not answer.cookies
    assert "Vary" not in answer
    assert answer["Cache-Control"] == "no-cache"
    assert "script-src 'self'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize("address", ["/tablet/", "/tablet/scan"])
def test_the_tablet_may_compile_its_scanner_and_do_nothing_else_more(
    address: str, client: Client
) -> None:
    here, elsewhere = (
        # In another order in each process.
        set(client.get(page)["Content-Security-Policy"].split("; "))
        for page in (address, "/sign-in")
    )
    assert here - elsewhere == {"script-src 'self' 'wasm-unsafe-eval'"}
    assert elsewhere - here == {"script-src 'self'"}


@pytest.mark.parametrize("address", ["/", "/sign-in", "/offline", "/sw.js", "/admin/login/"])
def test_no_other_page_compiles_anything(address: str, client: Client) -> None:
    assert "unsafe" not in client.get(address).headers.get("Content-Security-Policy", "")


def test_every_address_of_the_tablet_is_the_same_page(client: Client) -> None:
    assert client.get("/tablet/products/7").content == client.get("/tablet/").content


def test_the_shell_forbids_nothing_that_it_needs_and_needs_nothing_inline(client: Client) -> None:
    html = client.get("/tablet/").content.decode()
    assert 'src="/static/app/pages/tablet-aaaaaaaa.js"' in html
    assert 'href="/static/app/pages/tablet-bbbbbbbb.css"' in html
    assert 'href="/manifest.webmanifest"' in html
    assert "<style" not in html
    assert not re.search(r"\s(on\w+|style)=", html)
    assert not re.search(r"<script(?![^>]*\ssrc=)[^>]*>", html)


def test_a_shell_that_is_already_there_is_not_sent_again(client: Client) -> None:
    page = client.get("/tablet/")
    again = client.get("/tablet/", headers={"If-None-Match": page["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_worker_is_allowed_to_serve_the_whole_site(client: Client) -> None:
    answer = client.get("/sw.js")
    assert answer["Service-Worker-Allowed"] == "/"
    assert answer["Content-Type"].startswith("text/javascript")


def test_the_worker_names_the_very_bytes_of_the_pages_that_it_keeps(client: Client) -> None:
    worker = client.get("/sw.js").content.decode()
    assert digest(client.get("/tablet/").content) in worker
    assert digest(client.get("/offline").content) in worker
    assert "{{" not in worker


def test_the_worker_changes_when_the_shell_does(client: Client, dist: Path) -> None:
    before = client.get("/sw.js").content
    assert client.get("/sw.js").content == before
    entry = {**MANIFEST[tablet.ENTRY], "file": "tablet-cccccccc.js"}
    (dist / "pages" / "manifest.json").write_text(json.dumps({tablet.ENTRY: entry}))
    islands._manifest.cache_clear()
    assert client.get("/sw.js").content != before


def test_a_worker_without_a_place_for_the_digest_is_refused(dist: Path) -> None:
    with pytest.raises(islands.NotBuilt, match="shell"):
        tablet._worker(str(dist / "pages" / "manifest.json"), 0, "a", "b")


def test_without_a_build_somebody_is_told_what_to_type(client: Client, dist: Path) -> None:
    (dist / "sw.js").unlink()
    with pytest.raises(islands.NotBuilt, match="make frontend"):
        client.get("/sw.js")


def test_the_emergency_brake_sends_a_worker_that_leaves(client: Client, settings: Settings) -> None:
    settings.SERVICE_WORKER = False
    worker = client.get("/sw.js").content.decode()
    assert "registration.unregister()" in worker
    assert "caches.delete" in worker
    assert "precache" not in worker


def test_the_tablet_can_be_installed(client: Client) -> None:
    answer = client.get("/manifest.webmanifest")
    assert answer["Content-Type"] == "application/manifest+json"
    told = answer.json()
    assert (told["id"], told["start_url"], told["scope"]) == ("/tablet/",) * 3
    assert told["display"] == "standalone"
    assert {(icon["sizes"], icon["purpose"]) for icon in told["icons"]} == {
        (size, purpose) for size in ("192x192", "512x512") for purpose in ("any", "maskable")
    }
    assert {shot["form_factor"] for shot in told["screenshots"]} == {"wide", "narrow"}
    assert {one["name"]: one["url"] for one in told["shortcuts"]} == {
        "Scan": "/tablet/scan",
        "Review": "/tablet/review",
        "Sync": "/tablet/changes",
    }


def test_every_picture_has_the_size_that_the_manifest_says(client: Client) -> None:
    told = client.get("/manifest.webmanifest").json()
    shortcuts = [icon for shortcut in told["shortcuts"] for icon in shortcut["icons"]]
    for picture in (*told["icons"], *told["screenshots"], *shortcuts):
        found = finders.find(picture["src"].removeprefix("/static/"))
        assert isinstance(found, str), picture["src"]
        data = Path(found).read_bytes()
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
        assert f"{width}x{height}" == picture["sizes"]
