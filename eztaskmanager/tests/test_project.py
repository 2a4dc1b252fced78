"""What the project's files say is so."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
from pathlib import Path
from unittest import SkipTest, TestCase

from django.apps import apps
from django.core.management import load_command_class

import eztaskmanager
from eztaskmanager.settings import DEFAULTS, AppSettings

ROOT = Path(eztaskmanager.__file__).resolve().parent.parent
PACKAGE = ROOT / "eztaskmanager"
# Put together here, so that this file does not hold them itself.
FORBIDDEN = ["/wo" + "rk/", "pypi" + ".org", "python" + "hosted", "TO" + "DO", "FIX" + "ME", "XX" + "X "]
# Nobody writes these by hand, or they are machines' words.
UNREAD = {".lock", ".mo", ".png", ".svg", ".ico"}


def read(*parts: str) -> str:
    """Give the text of a file of the project."""
    return ROOT.joinpath(*parts).read_text(encoding="utf-8")


def tracked_files() -> list[Path]:
    """Give the files that belong to the project."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        raise SkipTest("This is no checkout.")
    return [ROOT / name for name in done.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def package_sources() -> str:
    """Give all of the package's own code, its tests left out."""
    paths = (path for path in PACKAGE.rglob("*.py") if "tests" not in path.relative_to(PACKAGE).parts)
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


class DocumentationTests(TestCase):
    def test_every_setting_has_its_place_in_the_reference(self) -> None:
        text = read("docs", "reference", "settings.rst")
        for name in DEFAULTS:
            with self.subTest(setting=name):
                self.assertIn(f"    {name}: ", AppSettings.__doc__ or "")
        described = re.findall(r"^\.\. setting:: (\w+)$", text, re.MULTILINE)
        self.assertEqual(sorted(described), sorted(DEFAULTS))

    def test_every_check_is_listed(self) -> None:
        used = set(re.findall(r"\"eztaskmanager\.([EWI]\d{3})\"", package_sources()))
        listed = set(re.findall(r"^   :([EWI]\d{3}): ", read("docs", "reference", "checks.rst"), re.MULTILINE))
        self.assertEqual(listed, used)

    def test_every_command_and_each_of_its_options_is_described(self) -> None:
        text = read("docs", "reference", "commands.rst")
        for path in PACKAGE.joinpath("management", "commands").glob("[!_]*.py"):
            with self.subTest(command=path.stem):
                self.assertIn(f".. command:: {path.stem}\n", text)
                own = load_command_class("eztaskmanager", path.stem)
                self.assertTrue(own.help)
                for action in own.create_parser("manage.py", path.stem)._actions:
                    self.assertTrue(action.help, f"{path.stem} {action.dest}")

    def test_every_model_is_in_the_reference(self) -> None:
        text = read("docs", "reference", "models.rst")
        for model in apps.get_app_config("eztaskmanager").get_models():
            with self.subTest(model=model.__name__):
                self.assertIn(f".. columns:: {model.__name__}\n", text)

    def test_every_page_has_its_address_in_the_reference(self) -> None:
        text = read("docs", "reference", "pages.rst")
        for name in re.findall(r'name="(\w+)"', read("eztaskmanager", "urls.py")):
            with self.subTest(page=name):
                self.assertIn(f"``{name}``", text)

    def test_a_sentence_a_line(self) -> None:
        for path in ROOT.joinpath("docs").rglob("*.rst"):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                with self.subTest(f"{path.relative_to(ROOT)}:{number}"):
                    self.assertNotRegex(line, r"^\w.*[a-z]{2}\. [A-Z]")


class ProjectFileTests(TestCase):
    def test_what_readme_and_guide_make_can_be_made(self) -> None:
        targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
        for name in ("README.md", "CLAUDE.md"):
            for words in re.findall(r"^\$ make ([^#\n]*)", read(name), re.MULTILINE):
                for word in words.split():
                    with self.subTest(f"{name}: make {word}"):
                        self.assertTrue(word in targets or "=" in word)

    def test_what_the_readme_links_to_is_there(self) -> None:
        for name in ("README.md", "CLAUDE.md", "CHANGELOG.md"):
            for target in re.findall(r"\]\(((?!https?:)[^)]+)\)", read(name)):
                with self.subTest(f"{name}: {target}"):
                    self.assertTrue(ROOT.joinpath(target).exists())

    def test_the_licence_is_the_same_everywhere(self) -> None:
        self.assertIn('license = "MIT"', read("pyproject.toml"))
        self.assertTrue(read("LICENSE").startswith("MIT License\n"))

    def test_the_changelog_has_a_place_for_what_comes(self) -> None:
        headings = re.findall(r"^## \[([^\]]+)\]", read("CHANGELOG.md"), re.MULTILINE)
        self.assertEqual(headings[0], "Unreleased")

    def test_black_and_flake8_agree_on_the_length_of_lines(self) -> None:
        config = configparser.ConfigParser()
        config.read(ROOT / ".flake8")
        self.assertIn(f"line-length = {config['flake8']['max-line-length']}\n", read("pyproject.toml"))

    def test_no_file_names_what_is_nobodys_business(self) -> None:
        for path in tracked_files():
            if path.suffix in UNREAD:
                continue
            text = path.read_text(encoding="utf-8")
            for word in FORBIDDEN:
                with self.subTest(f"{path.relative_to(ROOT)}: {word}"):
                    self.assertNotIn(word, text)

    def test_the_lock_names_no_address(self) -> None:
        self.assertNotRegex(read("poetry.lock"), r"https?://|\[package\.source\]")

    def test_every_module_postpones_its_annotations(self) -> None:
        for path in PACKAGE.rglob("*.py"):
            if "migrations" in path.parts:
                continue
            tree = ast.parse(path.read_text(encoding="utf-8"))
            has_code = any(isinstance(node, (ast.FunctionDef, ast.ClassDef)) for node in ast.walk(tree))
            futures = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
            with self.subTest(str(path.relative_to(ROOT))):
                self.assertTrue(futures or not has_code)
