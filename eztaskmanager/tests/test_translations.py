"""Tests of the translations: complete, of today's texts, and compiled."""

from __future__ import annotations

import gettext
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import ClassVar

from django.core.management import call_command
from django.test import SimpleTestCase
from django.utils.translation import override

from eztaskmanager.exceptions import ScheduleError
from eztaskmanager.schedules import Schedule
from eztaskmanager.tests.services import ServiceMissing, requires

PACKAGE = Path(__file__).resolve().parent.parent
CATALOG = Path("locale", "it", "LC_MESSAGES", "django.po")
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z]|\{\w*\}")
Messages = dict[tuple[str, int] | str, str]


def gettext_programs() -> str:
    """Find the programs that `makemessages` calls."""
    missing = [name for name in ("xgettext", "msgmerge", "msguniq", "msgattrib", "msgfmt") if not shutil.which(name)]
    if missing:
        raise ServiceMissing(f"The programs {', '.join(missing)} are missing; install gettext.")
    return "gettext"


def read_compiled(path: Path) -> Messages:
    """Read a .mo file: text, or (text, number of the plural form), to translation."""
    with path.open("rb") as file:
        catalog: Messages = dict(gettext.GNUTranslations(file)._catalog)  # type: ignore[attr-defined]
    catalog.pop("", None)
    return catalog


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class CompiledTests(SimpleTestCase):
    def test_placeholders_agree(self) -> None:
        for text, translation in read_compiled(PACKAGE / CATALOG.with_suffix(".mo")).items():
            with self.subTest(text):
                wanted = sorted(PLACEHOLDER.findall(text if isinstance(text, str) else text[0]))
                found = sorted(PLACEHOLDER.findall(translation))
                # A form for one thing alone may leave the number out, or put it in.
                if isinstance(text, tuple) and wanted != found:
                    self.assertLessEqual(len(set(wanted) ^ set(found)), 1)
                else:
                    self.assertEqual(found, wanted)

    def test_what_people_read_is_in_their_language(self) -> None:
        with override("it"):
            with self.assertRaisesMessage(ScheduleError, "Il fuso orario 'No/Where' non esiste"):
                Schedule(timezone="No/Where").check()


@requires(gettext_programs)
class CatalogTests(SimpleTestCase):
    """Today's texts, extracted anew into a copy of the package."""

    folder: ClassVar[Path]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = Path(temporary.name, PACKAGE.name)
        shutil.copytree(PACKAGE, cls.folder, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", "tests"))
        cls.addClassCleanup(os.chdir, os.getcwd())
        # The command extracts from where it stands.
        os.chdir(cls.folder)
        call_command("makemessages", locale=["it"], no_obsolete=True, no_location=True, verbosity=0)

    def compile(self, path: Path) -> Messages:
        compiled = self.folder / "compiled.mo"
        run("msgfmt", "--check", "-o", str(compiled), str(path))
        return read_compiled(compiled)

    def test_every_text_is_translated(self) -> None:
        self.assertEqual(run("msgattrib", "--untranslated", str(self.folder / CATALOG)), "")

    def test_no_translation_is_a_guess(self) -> None:
        self.assertEqual(run("msgattrib", "--only-fuzzy", str(self.folder / CATALOG)), "")

    def test_no_translation_is_of_a_text_that_has_gone(self) -> None:
        self.assertEqual(self.compile(PACKAGE / CATALOG), self.compile(self.folder / CATALOG))

    def test_the_compiled_file_is_that_of_the_catalog(self) -> None:
        self.assertEqual(read_compiled(PACKAGE / CATALOG.with_suffix(".mo")), self.compile(PACKAGE / CATALOG))
