import json
from pathlib import Path

import pytest
from django.template import engines
from pytest_django.fixtures import Settings

from lib import islands

MANIFEST = {
    "src/islands/shelf/index.tsx": {"file": "shelf-aaaaaaaa.js", "imports": ["_kit.js"]},
    "_kit.js": {"file": "kit-bbbbbbbb.js", "css": ["kit-cccccccc.css"], "imports": ["_react.js"]},
    "_react.js": {"file": "react-dddddddd.js", "imports": ["_kit.js"]},
}


@pytest.fixture
def built(tmp_path: Path, settings: Settings) -> Path:
    settings.BASE_DIR = tmp_path
    manifest = tmp_path / islands.FOLDER / "manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(json.dumps(MANIFEST))
    islands._manifest.cache_clear()
    return manifest


def rendered(text: str) -> str:
    return engines["django"].from_string("{% load islands %}" + text).render({})


def test_an_island_comes_with_its_script_and_every_stylesheet_below_it(built: Path) -> None:
    page = rendered('{% island "shelf" productId=7 %}')
    assert page == (
        '<link rel="stylesheet" href="/static/app/pages/kit-cccccccc.css">'
        '<script type="module" src="/static/app/pages/shelf-aaaaaaaa.js"></script>'
        '<div data-island="shelf" data-properties="{&quot;productId&quot;: 7}"></div>'
    )


def test_a_property_cannot_break_out_of_its_attribute(built: Path) -> None:
    page = rendered("""{% island "shelf" name='"><script>alert(1)</script>' %}""")
    assert "<script>alert" not in page


def test_the_files_of_an_entry_are_those_that_it_loads_at_once(built: Path) -> None:
    assert islands.files("src/islands/shelf/index.tsx") == [
        "/static/app/pages/kit-bbbbbbbb.js",
        "/static/app/pages/kit-cccccccc.css",
        "/static/app/pages/react-dddddddd.js",
        "/static/app/pages/shelf-aaaaaaaa.js",
    ]


def test_a_new_build_is_noticed_without_a_restart(built: Path) -> None:
    rendered('{% island "shelf" %}')
    manifest = {**MANIFEST, "src/islands/shelf/index.tsx": {"file": "shelf-eeeeeeee.js"}}
    built.write_text(json.dumps(manifest) + "\n")
    assert "shelf-eeeeeeee.js" in rendered('{% island "shelf" %}')


def test_what_was_not_built_is_said_with_the_command_that_builds_it(built: Path) -> None:
    with pytest.raises(islands.NotBuilt, match="make frontend"):
        rendered('{% island "lamp" %}')
    built.unlink()
    with pytest.raises(islands.NotBuilt, match="make frontend"):
        rendered('{% island "shelf" %}')
