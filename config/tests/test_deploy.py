"""What can be said about the image and about compose.yaml where there is no container engine."""

import os
import re
import shutil
import stat
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from config.tests.test_architecture import APPS

ROOT: Path = settings.BASE_DIR
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
NGINX = (ROOT / "deploy/nginx.conf").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("web", "worker", "migrate")
every_service = pytest.mark.parametrize("name", sorted(SERVICES))


def final_stage() -> str:
    return DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]


def copied() -> set[str]:
    """Return what the Dockerfile copies from this folder into some stage."""
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    return {name.removesuffix("/") for line in lines for name in line.split()}


def directive(name: str) -> list[str]:
    return re.findall(rf"^\s*{name} (.+);$", NGINX, re.MULTILINE)


# The image


def test_every_app_is_in_the_image() -> None:
    lines = re.findall(r"^COPY (\w+)/ \1/$", final_stage(), re.MULTILINE)
    ours = [app for app in settings.INSTALLED_APPS if (ROOT / app).is_dir()]
    assert set(APPS) <= set(ours)
    assert {*ours, "config", "lib", "categorizer", "templates", "static"} == set(lines)


def test_what_is_copied_exists_and_reaches_the_builder() -> None:
    rules = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert rules[0] == "*"
    let_in = [rule[1:] for rule in rules if rule.startswith("!")]
    for name in copied():
        assert (ROOT / name).exists(), name
        assert any(name == rule or name.startswith(f"{rule}/") for rule in let_in), name
    for rule in let_in:
        assert any(name == rule or name.startswith(f"{rule}/") for name in copied()), rule


@pytest.mark.parametrize("secret", ["deploy/secrets", ".env", "var", ".git", "e2e"])
def test_secrets_and_data_do_not_reach_the_builder(secret: str) -> None:
    let_in = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert not [rule for rule in let_in if fnmatch(secret, rule) or secret.startswith(f"{rule}/")]


def test_the_image_runs_as_nobody_special_and_says_how_it_is() -> None:
    stage = final_stage()
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE) == ["10001:10001"]
    assert not re.search(r"^(RUN|COPY|ADD)", stage[stage.index("\nUSER ") :], re.MULTILINE)
    for word in ("HEALTHCHECK ", "STOPSIGNAL ", "VOLUME ", "LABEL ", "CMD ["):
        assert f"\n{word}" in stage


def test_the_image_that_runs_holds_no_tools() -> None:
    stage = final_stage()
    for word in ("apt-get", "npm", "pip ", "requirements", "tools/", "joblib"):
        assert word not in stage, word


def test_bases_are_pinned_by_version() -> None:
    for argument in re.findall(r"^FROM (?:\w+):\$\{(\w+)\}", DOCKERFILE, re.MULTILINE):
        assert re.search(rf"^ARG {argument}=\d+\.\d+\.\d+-", DOCKERFILE, re.MULTILINE), argument
    assert not re.search(r"^FROM (?!\w+:\$\{)", DOCKERFILE, re.MULTILINE)


def test_static_files_are_collected_into_a_folder_of_their_own() -> None:
    # Django refuses to collect a folder into itself, and says so only in the build.
    found = re.search(r"SHELFMARK_STATIC_ROOT=/srv/shelfmark/(\w+)", final_stage())
    assert found
    assert not (ROOT / found[1]).exists()


@pytest.mark.parametrize("hosts", ["shelf.example,b", ".shelf.example", " shelf.example", "*", ""])
def test_the_health_check_asks_under_a_name_that_is_allowed(hosts: str) -> None:
    import http.server
    import threading

    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers["Host"])
            self.send_response(200 if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        code = check_health(port=server.server_port, hosts=hosts)
        thread.join(10)
    assert code == 0
    assert asked == ["shelf.example" if "shelf" in hosts else "localhost"]


def test_the_health_check_fails_when_nobody_answers() -> None:
    assert check_health(port=1, hosts="localhost") != 0


def check_health(*, port: int, hosts: str) -> int:
    return subprocess.run(
        [sys.executable, ROOT / "deploy/healthcheck.py"],
        env={"PORT": str(port), "ALLOWED_HOSTS": hosts},
        check=False,
        capture_output=True,
    ).returncode


# compose.yaml


@every_service
def test_a_container_has_no_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["user"].split(":")[0]) > 0


@every_service
def test_a_container_has_limits(name: str) -> None:
    service = SERVICES[name]
    assert {"cpus", "memory", "pids"} == set(service["deploy"]["resources"]["limits"])
    assert {"max-size", "max-file"} == set(service["logging"]["options"])
    assert service["restart"] == ("no" if name == "migrate" else "unless-stopped")


@every_service
def test_a_container_says_how_it_is(name: str) -> None:
    check = SERVICES[name].get("healthcheck")
    if name == "web":
        assert check is None  # the image's own
    elif name == "migrate":
        assert check == {"disable": True}  # it ends
    else:
        assert check and check["test"]


def test_only_nginx_can_be_reached_and_the_database_not_from_there() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["nginx"]
    assert not [name for name, service in SERVICES.items() if "network_mode" in service]
    on = {
        net: {name for name, service in SERVICES.items() if net in service["networks"]}
        for net in COMPOSE["networks"]
    }
    assert on["edge"] == {"nginx"}
    assert on["front"] == {"nginx", "web"}
    assert on["back"] == set(SERVICES) - {"nginx"}
    assert COMPOSE["networks"] == {
        "edge": {},
        "front": {"internal": True},
        "back": {"internal": True},
    }


def test_no_secret_is_written_into_it() -> None:
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            assert not re.search(r"PASS|SECRET|KEY(?!S_DIR)|URL", variable) or (
                variable.endswith("_FILE") and value.startswith("/run/secrets/")
            ), (name, variable)


def test_every_secret_that_is_used_is_declared_and_made(tmp_path: Path) -> None:
    used = {
        secret["source"] if isinstance(secret, dict) else secret
        for service in SERVICES.values()
        for secret in service.get("secrets", [])
    }
    assert used == set(COMPOSE["secrets"])
    for service in SERVICES.values():
        for variable, value in service.get("environment", {}).items():
            if variable.endswith("_FILE"):
                assert Path(value).name in service["secrets"], variable

    (tmp_path / "secrets").mkdir()
    script = shutil.copy(ROOT / "deploy/make_secrets.sh", tmp_path)
    subprocess.run([script], check=True, capture_output=True)
    made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert used - set(made) == {"tls.crt", "tls.key"}
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    assert made["app_password"].strip() in made["app_database_url"]
    assert made["owner_password"].strip() in made["owner_database_url"]
    found = re.search(r">(\w+) ", made["redis.acl"])
    assert found and f":{found[1]}@" in made["redis_url"]
    assert len(set(made.values())) == len(made)

    subprocess.run([script], check=True, capture_output=True)
    assert made == {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}


def test_the_server_never_sees_the_password_of_the_owner() -> None:
    for name in ("web", "worker"):
        assert not [secret for secret in SERVICES[name]["secrets"] if "owner" in secret]
        assert SERVICES[name]["environment"]["DATABASE_URL_FILE"].endswith("app_database_url")
        assert "state:/srv/shelfmark/var:ro" in SERVICES[name]["volumes"]
    assert SERVICES["migrate"]["environment"]["DATABASE_URL_FILE"].endswith("owner_database_url")


def test_only_the_job_runner_reaches_the_key_of_the_ledger() -> None:
    folder = SERVICES["worker"]["environment"]["SHELFMARK_LEDGER_KEYS_DIR"]
    assert f"keys:{folder}" in SERVICES["worker"]["volumes"]
    for name, service in SERVICES.items():
        if name != "worker":
            assert not [one for one in service.get("volumes", []) if one.startswith("keys:")]
    assert f'"{folder}"' in (ROOT / "Dockerfile").read_text()


def test_every_variable_that_we_are_given_is_documented() -> None:
    documented = (ROOT / "docs/configuration.md").read_text()
    for name in OURS:
        for variable in SERVICES[name]["environment"]:
            assert f"`{variable}`" in documented, variable


def test_nobody_serves_before_the_tables_are_there() -> None:
    for name in ("web", "worker"):
        waits = SERVICES[name]["depends_on"]
        assert waits["migrate"] == {"condition": "service_completed_successfully"}
    assert SERVICES["migrate"]["depends_on"]["postgres"] == {"condition": "service_healthy"}
    assert SERVICES["nginx"]["depends_on"]["web"]["condition"] == "service_healthy"


@pytest.mark.parametrize("script", ["release.sh", "make_secrets.sh", "postgres/roles.sh"])
def test_scripts_can_be_run(script: str) -> None:
    path = ROOT / "deploy" / script
    assert os.access(path, os.X_OK)
    subprocess.run(["sh", "-n", path], check=True)
    assert "set -eu" in path.read_text()


# nginx.conf


def test_nginx_and_the_server_agree() -> None:
    web = SERVICES["web"]["environment"]
    assert directive("client_max_body_size") == [web["SHELFMARK_MAX_BODY_BYTES"]]
    assert f"Send at most {web['SHELFMARK_MAX_BODY_BYTES']} bytes" in NGINX
    assert web["SHELFMARK_HTTPS"] == web["SHELFMARK_BEHIND_PROXY"] == "True"
    gunicorn = (ROOT / "deploy/gunicorn.conf.py").read_text()
    keepalive = re.search(r"^keepalive = (\d+)$", gunicorn, re.MULTILINE)
    upstream = re.search(r"upstream .*?keepalive_timeout (\d+)s;", NGINX, re.DOTALL)
    assert keepalive and upstream
    assert int(upstream[1]) < int(keepalive[1])


def test_nginx_believes_nothing_that_a_client_says_of_itself() -> None:
    headers = dict(line.split(" ", 1) for line in directive("proxy_set_header"))
    assert headers["X-Forwarded-For"] == "$remote_addr"
    assert headers["X-Forwarded-Proto"] == "$scheme"
    for name in ("X-Forwarded-Host", "X-Forwarded-Port", "X-Real-IP", "Forwarded"):
        assert headers[name] == '""'
    # A location that set one of its own would inherit none of these.
    assert NGINX.rindex("proxy_set_header") < NGINX.index("location / {\n      proxy_pass")


def test_nginx_keeps_no_copies_and_hides_what_is_not_for_the_public() -> None:
    assert not directive("proxy_cache") and not directive("proxy_cache_path")
    assert directive("gzip") == ["off"]
    for path in ("/metrics", "/readyz"):
        assert re.search(rf"location = {path} {{\s+return 404;", NGINX)


def test_gunicorn_leaves_it_to_django_whom_to_believe() -> None:
    assert 'forwarded_allow_ips = ""' in (ROOT / "deploy/gunicorn.conf.py").read_text()
