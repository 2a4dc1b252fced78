"""Settings of the workers that tests start: the demo project's, and what EZ_WORKER_SETTINGS adds."""

from __future__ import annotations

import json
import os

from demoproject.settings import *  # noqa: F401, F403

globals().update(json.loads(os.environ.get("EZ_WORKER_SETTINGS", "{}")))
