"""Where a fresh interpreter begins that runs one command."""

from __future__ import annotations

import os
from typing import Any, NoReturn

# What `python -c` runs; the path comes first, for this package may only be on the supervisor's.
BOOTSTRAP = (
    "import json, sys; order = json.load(sys.stdin); sys.path[:] = order['path']; "
    "from eztaskmanager.supervision.spawned import main; main(order)"
)


def main(order: dict[str, Any]) -> NoReturn:
    """Set Django up as it is in the supervisor, then be its child."""
    # It was inherited by this process, and is not to be by those that the command starts.
    os.set_inheritable(order["descriptor"], False)
    devnull = os.open(os.devnull, os.O_RDONLY)
    os.dup2(devnull, 0)
    os.close(devnull)
    os.environ["DJANGO_SETTINGS_MODULE"] = order["settings"]

    import django

    from eztaskmanager.supervision.child import become_child, run_child

    become_child(order["supervisor"], is_fork=False)
    django.setup()

    from django.db import connections

    from eztaskmanager.supervision.job import Job

    for alias, name in order["databases"].items():
        connections.settings[alias]["NAME"] = name
    run_child(Job(**{**order["job"], "argv": tuple(order["job"]["argv"])}), order["descriptor"])
