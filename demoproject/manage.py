#!/usr/bin/env python
"""Django's command line for the demo project; its `test` runs the package's tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Run the command on the command line."""
    # The package is found whether or not it is installed, also by processes that this one starts.
    sys.path.insert(1, str(ROOT))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demoproject.settings")
    if sys.argv[1:2] == ["test"]:
        # The tests say themselves when they mean an engine.
        os.environ.setdefault("DEMO_QUEUE", "memory")
        if not any(not argument.startswith("-") for argument in sys.argv[2:]):
            sys.argv.append("eztaskmanager.tests")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
