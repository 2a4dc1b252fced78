"""A module of a project that ends whoever imports it."""

from __future__ import annotations

import sys

sys.exit(5)
