"""Our pages under other looks of the admin, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from unittest import TestCase

from django.test import tag

MANAGE = Path(__file__).resolve().parent.parent.parent / "demoproject" / "manage.py"
THEMES = ("unfold", "jazzmin")


class ThemeTests(TestCase):
    def run_pages(self, *options: str) -> None:
        for theme in THEMES:
            # Two runs of the tests may go on at once, so neither may have a database that the other knows.
            with self.subTest(theme=theme), tempfile.TemporaryDirectory(prefix="ez-themes-") as folder:
                if find_spec(theme) is None:
                    self.skipTest(f"{theme} is not installed.")
                command = [sys.executable, str(MANAGE), "test", "eztaskmanager.tests.themed_pages", *options]
                environment = {
                    **os.environ,
                    "EZ_THEME": theme,
                    "DJANGO_SETTINGS_MODULE": "eztaskmanager.tests.themed_settings",
                    "DEMO_DATABASE": "sqlite",
                    "DEMO_DATABASE_NAME": str(Path(folder) / f"{theme}.sqlite3"),
                }
                done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertRegex(done.stderr, r"Ran [1-9]")

    def test_pages_answer(self) -> None:
        self.run_pages("--exclude-tag=browser")

    @tag("browser")
    def test_scripts_find_what_they_look_for(self) -> None:
        self.run_pages("--tag=browser")
