"""Settings of the demo project under another look of the admin, the app named in EZ_THEME."""

from __future__ import annotations

import os

from demoproject.settings import *  # noqa: F401, F403
from demoproject.settings import INSTALLED_APPS as PLAIN_APPS

INSTALLED_APPS = [os.environ["EZ_THEME"], *PLAIN_APPS]
