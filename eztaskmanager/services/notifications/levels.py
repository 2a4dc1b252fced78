"""How severe results are."""

from __future__ import annotations

LEVELS = ("ok", "warnings", "errors", "failed")

# Results not named here, such as that of a skipped run, are nobody's concern unless a handler names them itself.
LEVEL_MAPPING: dict[str, int] = {
    "ok": 0,
    "warnings": 1,
    "errors": 2,
    "failed": 3,
    "stopped": 3,
    "timeout": 3,
    "lost": 3,
}


def parse_level(level: object) -> str:
    """Understand the level of a handler; "failure" is another word for "failed".

    Raises:
        ValueError: It is none.
    """
    if level == "failure":
        return "failed"
    if level not in LEVELS:
        raise ValueError(f"{level!r} is not a level of notification; there are {', '.join(LEVELS)}.")
    return str(level)
