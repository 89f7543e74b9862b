"""What a browser needs to open the tablet without a connection.

The shell is one page for everybody: it holds nothing about anybody, so a service worker may keep
it and show it to whoever takes the tablet next. Who that is, the script asks the API.
"""

import hashlib
from functools import lru_cache

from csp.constants import WASM_UNSAFE_EVAL
from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import condition, require_safe

from lib.fresh import Fresh
from lib.islands import NotBuilt, files

ENTRY = "src/tablet/index.tsx"
ICON_SIZES = (192, 512)
SHORTCUTS = (("Scan", "scan"), ("Review", "review"), ("Sync", "changes"))
SCREENSHOTS = (("wide", "1280x800"), ("narrow", "820x1180"))


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def _shell() -> str:
    # Without the request, so that no context processor can put anybody into the page.
    return render_to_string("tablet/shell.html")


def _build() -> str | None:
    try:
        return _digest(_shell())
    except NotBuilt:
        return None


# Tablets ask often, and what is built changes with a release.
_fresh_build = Fresh(_build, seconds=10.0)


def build() -> str | None:
    """Return the digest of the shell that is served, None if the frontend is not built."""
    return _fresh_build.get()


def _offline() -> str:
    styles = [name for name in files(ENTRY) if name.endswith(".css")]
    return render_to_string("tablet/offline.html", {"styles": styles})


def _page(request: HttpRequest, content: str) -> HttpResponseBase:
    """Answer with a page that is the same for everybody and may be kept, but not unasked."""

    @condition(etag_func=lambda request: f'"{_digest(content)}"')
    def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse(content)

    response = answer(request)
    patch_cache_control(response, no_cache=True)
    return response


# The scanner's decoder is WebAssembly. This compiles it, and does not allow eval.
@csp_update({"script-src": [WASM_UNSAFE_EVAL]})
@require_safe
def shell(request: HttpRequest, place: str = "") -> HttpResponseBase:
    """The tablet, at every address below it: the script reads the address."""
    return _page(request, _shell())


@require_safe
def offline(request: HttpRequest) -> HttpResponseBase:
    """What the service worker shows instead of a page that it cannot fetch."""
    return _page(request, _offline())


@require_safe
def service_worker(request: HttpRequest) -> HttpResponseBase:
    """The worker that Vite built, with the digests of the pages that it keeps.

    It changes exactly when one of its bytes or of theirs does, and so does what browsers install.
    """
    if settings.SERVICE_WORKER:
        path = settings.BASE_DIR / "frontend" / "dist" / "sw.js"
        try:
            modified = path.stat().st_mtime_ns
        except FileNotFoundError as error:
            raise NotBuilt("The frontend is not built. Type `make frontend`.") from error
        script = _worker(str(path), modified, _digest(_shell()), _digest(_offline()))
    else:
        script = render_to_string("tablet/no_worker.js")
    response = HttpResponse(script, content_type="text/javascript; charset=utf-8")
    response["Service-Worker-Allowed"] = "/"
    patch_cache_control(response, no_cache=True)
    return response


@lru_cache(maxsize=2)
def _worker(path: str, modified: int, shell: str, offline: str) -> str:
    with open(path, encoding="utf-8") as file:
        script = file.read()
    for name, digest in (("shell", shell), ("offline", offline)):
        place = f"{{{{ {name} }}}}"
        if script.count(place) != 1:
            raise NotBuilt(f"sw.js has no single place for the digest of {name}.")
        script = script.replace(place, digest)
    return script


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """What a system shows and does when somebody installs the tablet (W3C appmanifest)."""
    home = reverse("tablet")
    response = JsonResponse(
        {
            "id": home,
            "name": "Shelfmark",
            "short_name": "Shelfmark",
            "description": "Where a product belongs, also without a connection.",
            "lang": "en",
            "start_url": home,
            "scope": home,
            "display": "standalone",
            "background_color": "#f7f5f0",
            "theme_color": "#1d4f5c",
            "icons": [
                _icon(size, purpose) for purpose in ("any", "maskable") for size in ICON_SIZES
            ],
            # A shortcut brings the window that is open to the front instead of a second one.
            "launch_handler": {"client_mode": ["focus-existing", "auto"]},
            "shortcuts": [
                {"name": name, "url": f"{home}{place}", "icons": [_icon(192, "any")]}
                for name, place in SHORTCUTS
            ],
            "screenshots": [
                {
                    "src": static(f"icons/tablet-{form}.png"),
                    "sizes": sizes,
                    "type": "image/png",
                    "form_factor": form,
                    "label": "A product with its suggestion",
                }
                for form, sizes in SCREENSHOTS
            ],
        },
        content_type="application/manifest+json",
    )
    patch_cache_control(response, no_cache=True)
    return response


def _icon(size: int, purpose: str) -> dict[str, str]:
    name = "tablet" if purpose == "any" else "maskable"
    return {
        "src": static(f"icons/{name}-{size}.png"),
        "sizes": f"{size}x{size}",
        "type": "image/png",
        "purpose": purpose,
    }
