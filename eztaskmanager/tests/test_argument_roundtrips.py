"""The forms of all commands of ten packages and of Django, each field filled in, written and read back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from unittest import TestCase

ROOT = Path(__file__).resolve().parent.parent.parent


class RealCommandTests(TestCase):
    def test_argv_from_the_form_parses_to_what_was_entered(self) -> None:
        # In a process of its own, for an installation has one list of apps.
        words = [sys.executable, "-m", "eztaskmanager.tests.argument_roundtrips"]
        environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        found = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        self.assertEqual(found.returncode, 0, found.stderr)
        tally = json.loads(found.stdout)
        self.assertEqual(tally["wrong"], [])
        self.assertGreaterEqual(len(tally["commands"]), 100)
        self.assertGreater(tally["fields"], 1000)
        self.assertGreater(tally["lines"], 5000)
        self.assertLess(tally["unsaid"], tally["lines"] / 100)
        for name in ("migrate", "runscript", "update_index", "import", "createapplication", "qcluster", "rqworker"):
            self.assertIn(name, tally["commands"])
