"""The files that the documentation has for servers are such as their tools take."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import TestCase

import eztaskmanager
from django.core.management import get_commands

from eztaskmanager.arguments import get_parser
from eztaskmanager.tests.services import ServiceMissing, require

DEPLOY = Path(eztaskmanager.__file__).resolve().parent.parent / "docs" / "deploy"
SECRETS = {"DB_PASSWORD": "x", "SECRET_KEY": "y"}


def compose_command() -> list[str]:
    """Give the command that is Docker Compose here."""
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    if shutil.which("docker") and not subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        return ["docker", "compose"]
    raise ServiceMissing("There is no Docker Compose here.")


def systemd_analyze() -> str:
    """Give the path of systemd's own judge of units."""
    found = shutil.which("systemd-analyze")
    if found is None:
        raise ServiceMissing("There is no systemd-analyze here.")
    return found


def yaml_documents(path: Path) -> list[Any]:
    """Read a YAML file."""
    try:
        import yaml  # An extra.
    except ImportError as exc:
        raise ServiceMissing("PyYAML is not installed.") from exc
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


class ComposeTests(TestCase):
    def config(self, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [*require(compose_command), "--file=compose.yaml", "config", "--quiet"]
        clean = {name: value for name, value in os.environ.items() if name not in SECRETS}
        return subprocess.run(
            command, cwd=DEPLOY / "docker", env={**clean, **environment}, capture_output=True, text=True, check=False
        )

    def test_compose_takes_the_file(self) -> None:
        done = self.config(**SECRETS)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    def test_it_does_not_start_without_its_secrets(self) -> None:
        done = self.config(SECRET_KEY="y")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("DB_PASSWORD", done.stderr)


class SystemdTests(TestCase):
    def test_systemd_takes_the_units(self) -> None:
        analyze = require(systemd_analyze)
        with tempfile.TemporaryDirectory() as folder:
            units = []
            for path in sorted(DEPLOY.joinpath("systemd").iterdir()):
                copy = Path(folder) / path.name
                text = path.read_text(encoding="utf-8")
                copy.write_text(text.replace("/srv/mysite/venv/bin/python", sys.executable), encoding="utf-8")
                units.append(str(copy))
            done = subprocess.run([analyze, "verify", *units], capture_output=True, text=True, check=False)
        # Where nothing but systemd's tools is installed, the services of servers are not found.
        said = [line for line in done.stderr.splitlines() if folder in line or "mysite" in line]
        self.assertEqual(said, [])


class KubernetesTests(TestCase):
    def test_deployments_find_their_pods_and_jobs_end(self) -> None:
        documents = require(lambda: yaml_documents(DEPLOY / "kubernetes" / "mysite.yaml"))
        self.assertEqual([document["kind"] for document in documents], ["Job", "Deployment", "Deployment"])
        for document in documents:
            spec, pod = document["spec"], document["spec"]["template"]
            with self.subTest(document["metadata"]["name"]):
                if document["kind"] == "Deployment":
                    self.assertEqual(spec["selector"]["matchLabels"], pod["metadata"]["labels"])
                    self.assertIn("limits", pod["spec"]["containers"][0]["resources"])
                else:
                    self.assertEqual(pod["spec"]["restartPolicy"], "OnFailure")


class CommandTests(TestCase):
    def test_every_command_they_run_is_there_and_takes_its_options(self) -> None:
        seen = set()
        for path in DEPLOY.rglob("*.*"):
            text = re.sub(r'", "', " ", path.read_text(encoding="utf-8")).replace('"]', "")
            for name, options in re.findall(r"manage\.py (\w+)((?: --?[\w=/-]+)*)", text):
                if not path.is_file() or name in ("createsuperuser", "migrate"):
                    continue
                with self.subTest(f"{path.name}: {name}{options}"):
                    self.assertIn(name, get_commands())
                    get_parser(name).parse_args(options.split())
                seen.add(name)
        self.assertLessEqual({"collectcommands", "eztaskscheduler", "rqworker"}, seen)
