"""Files of tasks, in JSON here and in YAML next door."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from eztaskmanager.exceptions import TaskFileError
from eztaskmanager.services.as_code.documents import Plain

FORMATS = ("yaml", "json")
SUFFIXES = {".yaml": "yaml", ".yml": "yaml", ".json": "json"}


def format_of(path: str | Path, given: str | None = None) -> str:
    """Tell the format of a file: the given one, that of its suffix, or YAML."""
    return given or SUFFIXES.get(Path(path).suffix.lower(), "yaml")


def load_path(path: str | Path) -> object:
    """Read a file.

    Raises:
        TaskFileError: It is not there, or is not what its suffix says.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as exc:  # The latter for a path with a NUL, or a text that is not UTF-8.
        raise TaskFileError(f"The file {str(path)!r} cannot be read: {exc}.") from exc
    return load(text, format_of(path))


def load(text: str, form: str) -> object:
    """Read a text.

    Raises:
        TaskFileError: It is not in this format, or says a key twice.
    """
    if form == "json":
        try:
            return json.loads(text, object_pairs_hook=_each_key_once)
        except (ValueError, RecursionError) as exc:
            raise TaskFileError(f"This is no JSON: {exc}.") from exc
    return _yaml().load(text)


def dump(data: Plain | list[Plain], form: str) -> str:
    """Write a text that ends with a newline.

    Raises:
        TaskFileError: YAML is wanted, and not installed.
    """
    if form == "json":
        return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    return str(_yaml().dump(data))


def _yaml() -> Any:
    try:
        # Loaded when it is needed, for YAML is an extra.
        from eztaskmanager.services import task_files
    except ImportError as exc:
        raise TaskFileError(
            'YAML needs PyYAML, which is not installed; install it with: pip install "django-eztaskmanager[yaml]",'
            " or use JSON."
        ) from exc
    return task_files


def _each_key_once(pairs: list[tuple[str, Any]]) -> Plain:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} is there twice")
    return found
