"""Build the wheel and the sdist, install the wheel alone into an empty environment, use it, follow the tutorial."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

USE = """
import django, re
from django.conf import settings
settings.configure(
    SECRET_KEY="k", ROOT_URLCONF="eztaskmanager.urls", EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "eztaskmanager"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    SILENCED_SYSTEM_CHECKS=["eztaskmanager.W001"],
)
django.setup()
from django.core.management import call_command
import eztaskmanager
assert "site-packages" in eztaskmanager.__file__, eztaskmanager.__file__
call_command("migrate", verbosity=0)
call_command("check")
print("eztaskmanager", eztaskmanager.__version__, "with Django", django.__version__)
"""


def run(*command: str, cwd: Path | None = None) -> None:
    """Run it, or fail."""
    subprocess.run(command, check=True, cwd=cwd or ROOT, env={**os.environ, "PYTHONPATH": ""})


def look_into(wheel: Path, sdist: Path) -> None:
    """Fail if the archives lack what they need or hold what is not for them."""
    inside = set(zipfile.ZipFile(wheel).namelist())
    wanted = {"eztaskmanager/py.typed"}
    for folder in ("templates", "static", "locale", "migrations"):
        files = (path for path in (ROOT / "eztaskmanager" / folder).rglob("*") if path.is_file())
        wanted |= {str(path.relative_to(ROOT)) for path in files if "__pycache__" not in path.parts}
    missing, strange = wanted - inside, [
        name for name in inside if "/tests/" in name or "demo" in name or "__pycache__" in name
    ]
    if missing or strange:
        sys.exit(f"The wheel lacks {sorted(missing)} and holds {strange}.")
    if not any(name.endswith("CHANGELOG.md") for name in tarfile.open(sdist).getnames()):
        sys.exit("The sdist lacks the changelog.")


def main() -> None:
    """Build, look, install, use."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        run(str(ROOT / ".poetry/bin/poetry"), "check", "--lock", "--strict")
        run(str(ROOT / ".poetry/bin/poetry"), "build", "--quiet", f"--output={here}")
        wheel, sdist = next(here.glob("*.whl")), next(here.glob("*.tar.gz"))
        look_into(wheel, sdist)
        run(sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(sdist))
        run(sys.executable, "-m", "venv", str(here / "venv"))
        python = str(here / "venv/bin/python")
        run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel))
        run(python, "-c", USE, cwd=here)
        run(sys.executable, str(ROOT / ".ci/tutorial.py"), str(wheel))


if __name__ == "__main__":
    main()
