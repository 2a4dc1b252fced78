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

from django.conf import settings
from django.core.management import call_command
from django.test import SimpleTestCase
from django.utils.translation import override

from eztaskmanager.exceptions import ScheduleError
from eztaskmanager.schedules import Schedule
from eztaskmanager.tests.services import ServiceMissing, requires

PACKAGE = Path(__file__).resolve().parent.parent
LANGUAGES = ("it", "de", "fr", "es")
# The same text in each, to see that it reaches people.
SPOKEN = {
    "it": "Il fuso orario 'No/Where' non esiste",
    "de": "Die Zeitzone 'No/Where' gibt es nicht",
    "fr": "Le fuseau horaire 'No/Where' n’existe pas",
    "es": "La zona horaria 'No/Where' no existe",
}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z]|\{\w*\}")
Messages = dict[tuple[str, int] | str, str]


def catalog(language: str) -> Path:
    """Tell where the texts of a language are, inside the package."""
    return Path("locale", language, "LC_MESSAGES", "django.po")


def gettext_programs() -> str:
    """Find the programs that `makemessages` calls."""
    missing = [name for name in ("xgettext", "msgmerge", "msguniq", "msgattrib", "msgfmt") if not shutil.which(name)]
    if missing:
        raise ServiceMissing(f"The programs {', '.join(missing)} are missing; install gettext.")
    return "gettext"


def read_compiled(path: Path) -> Messages:
    """Read a .mo file: text, or (text, number of the plural form), to translation."""
    with path.open("rb") as file:
        messages: Messages = dict(gettext.GNUTranslations(file)._catalog)  # type: ignore[attr-defined]
    messages.pop("", None)
    return messages


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class CompiledTests(SimpleTestCase):
    def test_there_are_no_others(self) -> None:
        self.assertEqual({path.name for path in PACKAGE.joinpath("locale").iterdir()}, set(LANGUAGES))
        self.assertEqual({code for code, _ in settings.LANGUAGES}, {"en", *LANGUAGES})

    def test_placeholders_agree(self) -> None:
        for language in LANGUAGES:
            for text, translation in read_compiled(PACKAGE / catalog(language).with_suffix(".mo")).items():
                with self.subTest(text, language=language):
                    wanted = sorted(PLACEHOLDER.findall(text if isinstance(text, str) else text[0]))
                    found = sorted(PLACEHOLDER.findall(translation))
                    # A form for one thing alone may leave the number out, or put it in.
                    if isinstance(text, tuple) and wanted != found:
                        self.assertLessEqual(len(set(wanted) ^ set(found)), 1)
                    else:
                        self.assertEqual(found, wanted)

    def test_what_people_read_is_in_their_language(self) -> None:
        for language, words in SPOKEN.items():
            with self.subTest(language), override(language):
                with self.assertRaisesMessage(ScheduleError, words):
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
        call_command("makemessages", locale=list(LANGUAGES), no_obsolete=True, no_location=True, verbosity=0)

    def compile(self, path: Path) -> Messages:
        compiled = self.folder / "compiled.mo"
        run("msgfmt", "--check", "-o", str(compiled), str(path))
        return read_compiled(compiled)

    def test_every_text_is_translated(self) -> None:
        for language in LANGUAGES:
            with self.subTest(language):
                self.assertEqual(run("msgattrib", "--untranslated", str(self.folder / catalog(language))), "")

    def test_no_translation_is_a_guess(self) -> None:
        for language in LANGUAGES:
            with self.subTest(language):
                self.assertEqual(run("msgattrib", "--only-fuzzy", str(self.folder / catalog(language))), "")

    def test_no_translation_is_of_a_text_that_has_gone(self) -> None:
        for language in LANGUAGES:
            with self.subTest(language):
                path = catalog(language)
                self.assertEqual(self.compile(PACKAGE / path), self.compile(self.folder / path))

    def test_the_compiled_file_is_that_of_the_catalog(self) -> None:
        for language in LANGUAGES:
            with self.subTest(language):
                path = PACKAGE / catalog(language)
                self.assertEqual(read_compiled(path.with_suffix(".mo")), self.compile(path))
