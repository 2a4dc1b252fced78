"""How Sphinx builds the documentation."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "demoproject"), str(ROOT / "docs")]
os.environ["DJANGO_SETTINGS_MODULE"] = "demoproject.settings"

import django  # noqa: E402  The path comes first.

django.setup()

import eztaskmanager  # noqa: E402

project = "django-eztaskmanager"
author = "The django-eztaskmanager contributors"
copyright = f"2026, {author}"
release = version = eztaskmanager.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode", "from_code"]
exclude_patterns = ["_build"]
# Sections of docstrings that are about addresses.
napoleon_custom_sections = [("Parameters", "params_style"), ("Answer", "params_style")]

html_theme = "furo"
html_title = f"{project} {release}"

autodoc_typehints = "none"
autodoc_member_order = "bysource"
# A docstring states a contract; what has none is not part of it.
autodoc_default_options = {"members": True}
nitpick_ignore_regex = [(r"py:.*", r"(django|rq|rq_scheduler|celery|logging|argparse|datetime|dt)(\..*)?")]
