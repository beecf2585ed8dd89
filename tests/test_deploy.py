"""What ``deploy/`` says is what Bindery has: options, environment, ports, paths, metrics, versions.

No container is built here: the files are parsed, and their commands are run where they can be.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import stat
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from bindery import __version__
from bindery.access.keys import KeysUnusable
from bindery.access.sealing import ENVIRONMENT, load_sealer
from bindery.app import Application
from bindery.cli.serve import serve
from bindery.config import ServerConfig, load_config

_ROOT = Path(__file__).resolve().parent.parent
_DEPLOY = _ROOT / "deploy"
_COMPOSE = _DEPLOY / "compose"
_KUBERNETES = _DEPLOY / "kubernetes"
_PORT = ServerConfig().port
_DASHBOARD = _ROOT / "docs" / "grafana-dashboard.json"
_ALERTS = _COMPOSE / "alerts.yml"


def _compose() -> dict[str, Any]:
    return dict(yaml.safe_load((_COMPOSE / "compose.yaml").read_text("utf-8")))


def _dockerfile() -> list[tuple[str, str]]:
    """Its instructions in order, each with what stands behind it."""
    lines = [line for line in (_DEPLOY / "Dockerfile").read_text("utf-8").splitlines() if line[:1] != "#"]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    return [
        (line.split()[0], line.partition(" ")[2].strip()) for line in joined.splitlines() if line.strip()
    ]


def _manifests() -> dict[str, dict[str, Any]]:
    """By file name, without the kustomization itself."""
    files = {path.name: path for path in _KUBERNETES.glob("*.yaml") if path.name != "kustomization.yaml"}
    return {name: yaml.safe_load(path.read_text("utf-8")) for name, path in files.items()}


def _texts() -> Iterator[tuple[Path, str]]:
    for path in sorted(_DEPLOY.rglob("*")):
        if (
            path.is_file()
            and "secrets" not in path.parts
            and path.name not in (".env", "requirements.lock")
        ):
            yield path, path.read_text("utf-8")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the compose file, copied, after ``prepare.sh``."""
    folder = tmp_path_factory.mktemp("deploy") / "compose"
    left = shutil.ignore_patterns("secrets", ".env")
    shutil.copytree(_COMPOSE, folder, ignore=left)
    subprocess.run([folder / "prepare.sh"], check=True, capture_output=True, timeout=120)
    return folder


def _environment(prepared: Path) -> dict[str, str]:
    lines = (prepared / ".env").read_text("utf-8").split()
    return dict(line.split("=", 1) for line in lines)


# What is named exists.


def test_versions_are_that_of_the_package() -> None:
    found = [
        *re.findall(r"bindery-imm:(\S+)", (_DEPLOY / "Dockerfile").read_text("utf-8")),
        *re.findall(r'image\.version="([^"]+)"', (_DEPLOY / "Dockerfile").read_text("utf-8")),
        _compose()["services"]["bindery"]["image"].removeprefix("bindery-imm:"),
        yaml.safe_load((_KUBERNETES / "kustomization.yaml").read_text("utf-8"))["images"][0]["newTag"],
    ]
    assert len(found) == 4
    assert set(found) == {__version__}


def test_images_are_pinned() -> None:
    services = _compose()["services"].values()
    images = [service["image"] for service in services if not service["image"].startswith("bindery-imm:")]
    (base,) = [value.partition("=")[2] for name, value in _dockerfile() if name == "ARG"]
    assert {value.split()[0] for name, value in _dockerfile() if name == "FROM"} == {"${PYTHON_IMAGE}"}
    for image in [*images, base]:
        assert re.search(r":v?\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?$", image), image
    assert base.startswith("python:3.11."), (
        "the lock is resolved for the oldest Python, and tests run with it"
    )


def test_the_lock_of_the_image_is_the_users_lock_and_what_its_extras_need() -> None:
    def pins(path: Path) -> dict[str, str]:
        return dict(re.findall(r"^([\w.-]+)==([\w.]+)", path.read_text("utf-8"), re.M))

    image = pins(_DEPLOY / "requirements.lock")
    user = pins(_ROOT / "requirements.lock")
    assert user.items() <= image.items()
    assert {"psycopg", "psycopg-pool", "pyarrow", "ray"} <= image.keys() - user.keys()
    assert image.items() <= pins(_ROOT / "requirements-dev.lock").items()


def test_commands_are_commands_of_bindery() -> None:
    instructions = dict(_dockerfile())
    assert json.loads(instructions["ENTRYPOINT"]) == ["bindery"]
    unit = (_DEPLOY / "bindery.service").read_text("utf-8")
    (started,) = re.findall(r"^ExecStart=/opt/bindery/bin/bindery (.+)$", unit, re.M)
    commands = {
        "image": json.loads(instructions["CMD"]),
        "compose": _compose()["services"]["bindery"]["command"],
        "kubernetes": _container()["args"],
        "systemd": shlex.split(started),
    }
    for name, command in commands.items():
        assert command[0] == "serve", name
        given = serve.make_context("serve", command[1:]).params
        assert given["host"] == (None if name == "systemd" else "0.0.0.0"), name
        assert given["port"] is None, name


def test_variables_of_the_environment_are_read_somewhere() -> None:
    code = "\n".join(path.read_text("utf-8") for path in (_ROOT / "src").rglob("*.py"))
    known = set(re.findall(r"\"(BINDERY_[A-Z_]+)\"", code))
    named = {name for _, text in _texts() for name in re.findall(r"\bBINDERY_[A-Z_]+\b", text)}
    assert named >= {"BINDERY_CONFIG", "BINDERY_DATA", "BINDERY_SEALING_KEY"}
    # Named in a comment, as what Kubernetes would set.
    assert named - known == {"BINDERY_PORT"}


def test_ports_and_paths_are_those_of_the_server() -> None:
    gateway = (_ROOT / "src/bindery/api/gateway/server.py").read_text("utf-8")
    instructions = dict(_dockerfile())
    assert instructions["EXPOSE"] == str(_PORT)
    assert _compose()["services"]["bindery"]["ports"] == [f"127.0.0.1:{_PORT}:{_PORT}"]
    (scrape,) = yaml.safe_load((_COMPOSE / "prometheus.yml").read_text("utf-8"))["scrape_configs"]
    assert scrape["static_configs"] == [{"targets": [f"bindery:{_PORT}"]}]
    container = _container()
    assert container["ports"] == [{"name": "http", "containerPort": _PORT}]
    assert _manifests()["service.yaml"]["spec"]["ports"] == [
        {"name": "http", "port": _PORT, "targetPort": "http"}
    ]
    probes = {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert {probe["port"] for probe in probes.values()} == {"http"}
    for path in [scrape["metrics_path"], *(probe["path"] for probe in probes.values())]:
        assert f'"{path}":' in gateway, path
    assert probes["liveness"]["path"] == "/healthz", (
        "a server that waits for PostgreSQL must not be restarted"
    )
    assert probes["readiness"]["path"] == "/readyz"


# Metrics.


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Every metric of a server by the name of its samples, with its type."""
    application = Application(load_config(None, {"data": tmp_path_factory.mktemp("metrics") / "data"}))
    try:
        page = application.gateway.metrics.text(named=True).decode()
    finally:
        application.close()
    families = dict(re.findall(r"^# TYPE (bindery_\w+) (\w+)$", page, re.M))
    suffixes = {"histogram": ("_bucket", "_sum", "_count")}
    return {name + suffix: kind for name, kind in families.items() for suffix in suffixes.get(kind, ("",))}


def _expressions() -> dict[str, str]:
    """Each question to Prometheus by where it stands."""
    dashboard = json.loads(_DASHBOARD.read_text("utf-8"))
    found = {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in dashboard["panels"]
        for target in panel["targets"]
    }
    found |= {
        each["name"]: each["query"] for each in dashboard["templating"]["list"] if each["type"] == "query"
    }
    (group,) = yaml.safe_load(_ALERTS.read_text("utf-8"))["groups"]
    return found | {rule["alert"]: rule["expr"] for rule in group["rules"]}


def test_metrics_of_the_dashboard_and_the_alarms_are_those_of_the_server(served: dict[str, str]) -> None:
    asked = {name for text in _expressions().values() for name in re.findall(r"\bbindery_\w+", text)}
    assert len(asked) >= 12
    assert asked - served.keys() == set()
    for place, text in _expressions().items():
        for name in re.findall(r"rate\((bindery_\w+)", text):
            assert served[name] in ("counter", "histogram"), place
    # Whatever the server tells has a place on the dashboard.
    drawn = _DASHBOARD.read_text("utf-8")
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in served}
    families = {name for name in families if not name.endswith("_created")}
    assert {name for name in families if name not in drawn} == {"bindery_binding_state"}


def test_labels_of_the_dashboard_and_the_alarms_are_documented() -> None:
    page = (_ROOT / "docs" / "operations.md").read_text("utf-8")
    rows = re.findall(r"^\| `(bindery_\w+)` \| ([\w, ]*?) ?\|", page, re.M)
    labels = {name: {label for label in row.split(", ") if label} for name, row in rows}
    for place, text in _expressions().items():
        (name,) = set(re.findall(r"\bbindery_\w+", text)) or {""}
        if not name:
            assert text == 'up{job="bindery"} == 0'
            continue
        named = {label for part in re.findall(r"by \(([^)]*)\)", text) for label in part.split(", ")}
        named |= {
            each for part in re.findall(r"\{([^}]*)\}", text) for each in re.findall(r"(\w+)[=!]~?", part)
        }
        named |= set(re.findall(r"label_values\(\w+, (\w+)\)", text))
        assert named - {"le"} <= labels[name.removesuffix("_bucket")], place


def test_prometheus_shows_the_token_and_grafana_finds_its_folders() -> None:
    services = _compose()["services"]
    (scrape,) = yaml.safe_load((_COMPOSE / "prometheus.yml").read_text("utf-8"))["scrape_configs"]
    inside = {mount.split(":")[1] for mount in services["prometheus"]["volumes"]}
    assert scrape["authorization"]["credentials_file"] in inside
    (rules,) = yaml.safe_load((_COMPOSE / "prometheus.yml").read_text("utf-8"))["rule_files"]
    assert rules in inside
    provider = yaml.safe_load((_COMPOSE / "grafana/dashboards/bindery.yaml").read_text("utf-8"))
    folder = provider["providers"][0]["options"]["path"]
    mounts = dict(mount.split(":")[:2] for mount in services["grafana"]["volumes"])
    (dashboard,) = [source for source, target in mounts.items() if target.startswith(f"{folder}/")]
    assert (_COMPOSE / dashboard).resolve() == _DASHBOARD
    source = yaml.safe_load((_COMPOSE / "grafana/datasources/prometheus.yaml").read_text("utf-8"))
    assert source["datasources"][0]["url"] == "http://prometheus:9090"


# The image.


def test_the_image_runs_as_a_number_that_is_not_root_and_has_no_pip() -> None:
    instructions = _dockerfile()
    assert [name for name, _ in instructions].count("FROM") == 2
    assert dict(instructions)["USER"] == "10001:10001"
    assert any("pip uninstall --yes pip" in value for name, value in instructions if name == "RUN")
    pod = _manifests()["statefulset.yaml"]["spec"]["template"]["spec"]["securityContext"]
    assert (pod["runAsUser"], pod["runAsGroup"], pod["runAsNonRoot"]) == (10001, 10001, True)


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    kept = (_DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    copied = [
        value.split()[:-1] for name, value in _dockerfile() if name == "COPY" and "--from=" not in value
    ]
    for source in [each for sources in copied for each in sources]:
        assert (_ROOT / source).exists(), source
        assert f"!{source}" in kept, source
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))
    needed = {project["project"]["readme"], "LICENSE", "src", "docs", "pyproject.toml"}
    assert needed <= {each for sources in copied for each in sources}


class _Answer(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/readyz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (404, 1)])
def test_the_health_check_says_whether_the_server_is_ready(status: int, code: int) -> None:
    checked = dict(_dockerfile())["HEALTHCHECK"]
    program, option, text = json.loads(checked[checked.index("[") :])
    assert (program, option) == ("python3", "-c")
    assert str(_PORT) in text
    with HTTPServer(("127.0.0.1", 0), type("Answer", (_Answer,), {"status": status})) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        check = [sys.executable, option, text.replace(str(_PORT), str(server.server_port))]
        assert subprocess.run(check, capture_output=True, check=False, timeout=120).returncode == code


def test_the_health_check_fails_where_nobody_listens() -> None:
    checked = dict(_dockerfile())["HEALTHCHECK"]
    text = json.loads(checked[checked.index("[") :])[2].replace(str(_PORT), "1")
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, check=False, timeout=120)
    assert done.returncode == 1


# Compose.


def test_what_prepare_writes_is_a_configuration_and_secret(prepared: Path) -> None:
    environment = _environment(prepared)
    services = _compose()["services"]
    config = load_config(prepared / "secrets" / "bindery.toml", {})
    assert config.metrics.token == (prepared / "secrets" / "metrics-token").read_text("utf-8")
    record = urlsplit(config.catalog.url)
    assert services[record.hostname]["environment"]["POSTGRES_USER"] == record.username
    assert services[record.hostname]["environment"]["POSTGRES_DB"] == record.path.strip("/")
    store = urlsplit(parse_qs(urlsplit(config.buckets["media"]).query)["endpoint"][0])
    assert f"-s3.port={store.port}" in services[store.hostname]["command"]
    (identity,) = json.loads((prepared / "secrets" / "s3.json").read_text("utf-8"))["identities"]
    assert identity["credentials"] == [
        {"accessKey": environment["S3_ACCESS_KEY_ID"], "secretKey": environment["S3_SECRET_ACCESS_KEY"]}
    ]
    files = ("compose.yaml", "ray.yaml", "servers.yaml")
    asked = {
        name for file in files for name in re.findall(r"\$\{(\w+)", (prepared / file).read_text("utf-8"))
    }
    assert asked == set(environment)
    named = {"S3_ACCESS_KEY_ID", "BINDERY_ACCESS_KEY_ID", "BINDERY_SEALING_KEY"}
    assert all(len(value) == 48 for name, value in environment.items() if name not in named)
    assert stat.S_IMODE((prepared / "secrets").stat().st_mode) == 0o700
    assert stat.S_IMODE((prepared / ".env").stat().st_mode) == 0o600


def test_the_ray_cluster_beside_it_is_one_that_the_server_can_use(prepared: Path) -> None:
    text = (prepared / "ray.yaml").read_text("utf-8")
    services = yaml.safe_load(text)["services"]
    assert set(re.findall(r"\$\{(\w+)", text)) <= _environment(prepared).keys()
    head, worker, server = (services[name] for name in ("ray-head", "ray-worker", "bindery"))
    assert {head["image"], worker["image"]} == {_compose()["services"]["bindery"]["image"]}
    for part in (head, worker, server):
        assert part["environment"]["RAY_AUTH_MODE"] == "token"
        assert part["environment"]["RAY_USAGE_STATS_ENABLED"] == "0"
        assert "ray" in part["networks"]
    (address,) = re.findall(r'address = "(ray://.+)"', text)
    config = load_config(None, {"extraction": {"pool": "ray"}, "ray": {"address": address}})
    port = urlsplit(config.ray.address).port
    assert f"--ray-client-server-port={port}" in head["command"]
    assert "--address=ray-head:6379" in worker["command"] and "--port=6379" in head["command"]
    for part in (head, worker):  # the options are Ray's own
        asked = subprocess.run(
            [sys.executable, "-m", "ray.scripts.scripts", "start", "--help"],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        if asked.returncode == 0:
            named = {word.partition("=")[0] for word in part["command"] if word.startswith("--")}
            assert {word for word in named if word not in asked.stdout} == set()


def test_the_second_server_is_like_the_first_but_for_its_folder_and_port(
    prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = yaml.safe_load((prepared / "servers.yaml").read_text("utf-8"))
    first, second = dict(_compose()["services"]["bindery"]), dict(added["services"]["bindery-2"])
    keys = added["services"]["bindery"]["environment"]
    assert second["environment"] == first["environment"] | keys
    assert first["volumes"][0] == "bindery:/var/lib/bindery"
    assert second["volumes"] == ["bindery-2:/var/lib/bindery", *first["volumes"][1:]]
    assert list(added["volumes"]) == ["bindery-2"]
    assert (second["ports"], second["depends_on"]) == (
        ["127.0.0.1:8181:8180"],
        {"bindery": {"condition": "service_healthy"}},
    )
    own = {"build", "environment", "volumes", "ports", "depends_on"}
    assert {name: each for name, each in second.items() if name not in own} == {
        name: each for name, each in first.items() if name not in own
    }
    monkeypatch.setenv("BINDERY_SEALING_KEY", _environment(prepared)["BINDERY_SEALING_KEY"])
    assert load_sealer(prepared) is not None
    (mount,) = added["services"]["prometheus"]["volumes"]
    assert mount.endswith(_compose()["services"]["prometheus"]["volumes"][1].split(":", 1)[1])
    alone, both = (
        yaml.safe_load((prepared / name).read_text("utf-8"))
        for name in ("prometheus.yml", mount.split(":")[0])
    )
    assert both["scrape_configs"][0].pop("static_configs") == [
        {"targets": ["bindery:8180", "bindery-2:8180"]}
    ]
    del alone["scrape_configs"][0]["static_configs"]
    assert both == alone


def test_prepare_changes_nothing_the_second_time(prepared: Path) -> None:
    files = [prepared / ".env", *sorted((prepared / "secrets").iterdir())]
    before = [file.read_bytes() for file in files]
    subprocess.run([prepared / "prepare.sh"], check=True, capture_output=True, timeout=120)
    assert [file.read_bytes() for file in files] == before
    ignored = (_COMPOSE / ".gitignore").read_text("utf-8").splitlines()
    assert {".env", "secrets/"} <= set(ignored)


def _dependencies(service: dict[str, Any]) -> dict[str, str]:
    """The services it waits for, with what it waits for."""
    given = service.get("depends_on", {})
    if isinstance(given, list):
        return dict.fromkeys(given, "service_started")
    return {name: each["condition"] for name, each in given.items()}


def test_mounts_volumes_networks_and_dependencies_of_the_services_exist(prepared: Path) -> None:
    compose = yaml.safe_load((prepared / "compose.yaml").read_text("utf-8"))
    for name, service in compose["services"].items():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            if source.startswith("../"):
                assert (_COMPOSE / source).exists(), (name, source)
            elif source.startswith("."):
                assert (prepared / source).exists(), (name, source)
            else:
                assert source in compose["volumes"], (name, source)
        assert set(service["networks"]) <= compose["networks"].keys(), name
        for other, wanted in _dependencies(service).items():
            assert other in compose["services"], (name, other)
            if wanted == "service_healthy":
                assert "healthcheck" in compose["services"][other], (name, other)
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), "nothing is offered beyond the machine by itself"


def test_one_server_uses_the_record_and_may_write_nowhere_else() -> None:
    services = _compose()["services"]
    assert [name for name, each in services.items() if "bindery-imm" in each["image"]] == ["bindery"]
    server = services["bindery"]
    assert "deploy" not in server
    assert "scale" not in server
    assert server["read_only"] is True
    assert server["cap_drop"] == ["ALL"]
    assert server["security_opt"] == ["no-new-privileges:true"]
    writable = [mount.split(":")[1] for mount in server["volumes"] if not mount.endswith(":ro")]
    environment = next(value for name, value in _dockerfile() if name == "ENV" and "BINDERY_DATA" in value)
    (data,) = re.findall(r"BINDERY_DATA=(\S+)", environment)
    assert [str(Path(data).parent)] == writable
    assert (server["build"]["context"], server["build"]["dockerfile"]) == ("../..", "deploy/Dockerfile")
    assert (_COMPOSE / server["build"]["context"] / server["build"]["dockerfile"]).exists()


# Kubernetes.


def _pod() -> dict[str, Any]:
    return dict(_manifests()["statefulset.yaml"]["spec"]["template"]["spec"])


def _container() -> dict[str, Any]:
    (container,) = _pod()["containers"]
    return dict(container)


def test_the_kustomization_names_every_manifest_but_the_form_of_the_secret() -> None:
    kustomization = yaml.safe_load((_KUBERNETES / "kustomization.yaml").read_text("utf-8"))
    assert sorted(kustomization["resources"]) == sorted(_manifests().keys() - {"secret.example.yaml"})
    (made,) = kustomization["configMapGenerator"]
    assert made["files"] == ["bindery.toml"]
    assert load_config(_KUBERNETES / "bindery.toml", {}).buckets
    assert kustomization["images"][0]["name"] == _container()["image"]


def test_one_pod_that_others_select() -> None:
    manifests = _manifests()
    stateful = manifests["statefulset.yaml"]["spec"]
    labels = stateful["template"]["metadata"]["labels"]
    assert stateful["replicas"] == 1, "a record belongs to one server at a time"
    assert stateful["serviceName"] == manifests["service.yaml"]["metadata"]["name"]
    assert stateful["selector"]["matchLabels"] == labels
    assert manifests["service.yaml"]["spec"]["selector"] == labels
    assert manifests["pod-disruption-budget.yaml"]["spec"]["selector"]["matchLabels"] == labels
    policy = manifests["network-policy.yaml"]["spec"]
    assert policy["podSelector"]["matchLabels"] == labels
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert [port["port"] for rule in policy["ingress"] for port in rule["ports"]] == ["http"]


def test_the_pod_has_what_it_names_and_may_do_no_more_than_it_must() -> None:
    pod, container, stateful = _pod(), _container(), _manifests()["statefulset.yaml"]["spec"]
    claims = {claim["metadata"]["name"] for claim in stateful["volumeClaimTemplates"]}
    volumes = {volume["name"] for volume in pod["volumes"]}
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    assert set(mounts.values()) == claims | volumes
    assert mounts["/var/lib/bindery"] in claims
    (configured,) = [each["value"] for each in container["env"] if each["name"] == "BINDERY_CONFIG"]
    assert mounts[str(Path(configured).parent)] == "configuration"
    assert container["envFrom"] == [
        {"secretRef": {"name": _manifests()["secret.example.yaml"]["metadata"]["name"]}}
    ]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}


def test_the_form_of_the_secret_as_it_stands_starts_no_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = _manifests()["secret.example.yaml"]["stringData"]
    monkeypatch.setenv(ENVIRONMENT, form[ENVIRONMENT])
    with pytest.raises(KeysUnusable):
        load_sealer(tmp_path)


# systemd.


def test_the_service_has_its_files_and_its_user() -> None:
    unit = (_DEPLOY / "bindery.service").read_text("utf-8")
    settings = [line.split("=", 1) for line in unit.splitlines() if line[:1] not in ("#", "[", "")]
    values = dict(settings)
    assert values["User"] == values["Group"] == "bindery"
    assert re.search(rf"^u {values['User']} ", (_DEPLOY / "bindery.sysusers").read_text("utf-8"), re.M)
    environment = dict(value.split("=", 1) for name, value in settings if name == "Environment")
    assert Path(environment["BINDERY_DATA"]).parent == Path("/var/lib") / values["StateDirectory"]
    assert (values["ProtectSystem"], values["NoNewPrivileges"]) == ("strict", "yes")
