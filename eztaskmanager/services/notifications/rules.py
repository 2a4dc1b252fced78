"""Which handler is told of what: rules that stand beside its class and level in the settings.

Pure: knows no database, and no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eztaskmanager.services.notifications.levels import LEVEL_MAPPING
from eztaskmanager.services.notifications.quiet_hours import QuietHours, parse_quiet_hours

RECOVERED = "recovered"
RESULTS = (*LEVEL_MAPPING, "skipped")
KINDS = ("late", "stuck", "lost", "schedule", "worker", "ticker")
MOST_FAILURES = 50
# How many results of the past are looked at.
PAST = 100


@dataclass(frozen=True)
class Rules:
    """What one handler is told of.

    Attributes:
        categories: Names or primary keys of categories; None for all tasks.
        tasks: Names or primary keys of tasks; None for all.
        results: The results that are told of, in place of a level; None where the level says it.
        only_on_change: Tell when trouble begins, gets worse and is over, not while it lasts.
        after_failures: How many runs of a task in a row must have ended in trouble before it is told of.
        before_last_retry: Whether attempts that will be retried are told of, and counted, too.
        quiet_hours: When nothing is sent; it is sent afterwards.
        alerts: The kinds of alerts that are told of; None for all.
    """

    categories: frozenset[str | int] | None = None
    tasks: frozenset[str | int] | None = None
    results: frozenset[str] | None = None
    only_on_change: bool = False
    after_failures: int = 1
    before_last_retry: bool = False
    quiet_hours: QuietHours | None = None
    alerts: frozenset[str] | None = None

    @property
    def needs_past(self) -> bool:
        """Whether what is told depends on earlier runs."""
        return self.only_on_change or self.after_failures > 1

    def covers_task(self, pk: int | None, name: str) -> bool:
        """Tell whether a task is among those named."""
        return self.tasks is None or pk in self.tasks or name in self.tasks

    def covers_category(self, pk: int | None, name: str) -> bool:
        """Tell whether a category is among those named; a task without one is in none."""
        return self.categories is None or (pk is not None and (pk in self.categories or name in self.categories))

    def covers_alert(self, kind: str) -> bool:
        """Tell whether a kind of alert is told of."""
        return self.alerts is None or kind in self.alerts

    def concerns(self, result: str, level: str) -> bool:
        """Tell whether a result is one to tell of: by name, or because it is at the level or above."""
        if self.results is not None:
            return result in self.results
        return LEVEL_MAPPING.get(result, -1) >= LEVEL_MAPPING[level]

    def judge(self, result: str, level: str, past: Sequence[str] = (), *, will_be_retried: bool = False) -> str | None:
        """Decide what is told of a run that ended.

        Args:
            result: Its result.
            level: Of the handler.
            past: Results of the task's runs before it, latest first; see `final_results`.
            will_be_retried: Whether there is to be another attempt.

        Returns:
            The result, "recovered", or None to tell nothing.
        """
        if will_be_retried and not self.before_last_retry:
            return None
        if not self._is_trouble(result, level):
            if not self.only_on_change:
                return result if self.concerns(result, level) else None
            is_over = self._is_well(result, level) and len(self._streak(past, level)) >= self.after_failures
            return RECOVERED if is_over else None
        streak = self._streak(past, level)
        length = len(streak) + 1
        if length < self.after_failures:
            return None
        if not self.only_on_change or length == self.after_failures:
            return result
        worst = max(_severity(earlier) for earlier in streak)
        return result if _severity(result) > worst else None

    def _is_trouble(self, result: str, level: str) -> bool:
        return result != "ok" and self.concerns(result, level)

    def _is_well(self, result: str, level: str) -> bool:
        # One that was skipped, or failed in a way that is not asked for, says nothing.
        return not self._is_trouble(result, level) and _severity(result) < LEVEL_MAPPING["failed"]

    def _streak(self, past: Sequence[str], level: str) -> list[str]:
        streak = []
        for result in past:
            if self._is_trouble(result, level):
                streak.append(result)
            elif self._is_well(result, level):
                break
        return streak


def _severity(result: str) -> int:
    return LEVEL_MAPPING.get(result, LEVEL_MAPPING["failed"])


def final_results(runs: Iterable[tuple[int, int | None, str]], *, all_attempts: bool = False) -> list[str]:
    """Keep the results that count: of attempts at the same run the last.

    Args:
        runs: Primary key, that of the first attempt or None, and result; latest first.
        all_attempts: Keep those of earlier attempts too.
    """
    results, seen = [], set()
    for pk, first, result in runs:
        origin = first or pk
        if all_attempts or origin not in seen:
            results.append(result)
        seen.add(origin)
    return results


def read_rules(configuration: Mapping[str, Any], default_zone: str) -> Rules:
    """Read the rules of a handler from its dictionary.

    Raises:
        ValueError: One of them means nothing; says which, and what is allowed.
    """
    values: dict[str, Any] = {}
    for name, read in READERS.items():
        if name in configuration:
            try:
                values[name] = read(configuration[name])
            except ValueError as exc:
                raise ValueError(f"{name!r}: {exc}") from exc
    if configuration.get("quiet_hours") is not None:
        try:
            values["quiet_hours"] = parse_quiet_hours(configuration["quiet_hours"], default_zone)
        except ValueError as exc:
            raise ValueError(f"'quiet_hours': {exc}") from exc
    return Rules(**values)


def _read_names(value: Any) -> frozenset[str | int] | None:
    if value is None:
        return None
    names = [value] if isinstance(value, (str, int)) else value
    is_good = isinstance(names, (list, tuple, set, frozenset)) and all(
        isinstance(name, (str, int)) and not isinstance(name, bool) for name in names
    )
    if not is_good or not names:
        raise ValueError(f"{value!r} are no names; give a list of names or primary keys")
    return frozenset(names)


def _read_results(value: Any) -> frozenset[str] | None:
    if value is None:
        return None
    results = _read_words(value, RESULTS, "results")
    if not results:
        raise ValueError(f"{value!r} names no result, so nothing would be told; give a list of {', '.join(RESULTS)}")
    return results


def _read_alerts(value: Any) -> frozenset[str] | None:
    if value is None or isinstance(value, bool):
        return None if value is not False else frozenset()
    return _read_words(value, KINDS, "kinds of alerts")


def _read_words(value: Any, allowed: Sequence[str], what: str) -> frozenset[str]:
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, (list, tuple, set, frozenset)) or any(word not in allowed for word in words):
        raise ValueError(f"{value!r} are no {what}; give a list of {', '.join(allowed)}")
    return frozenset(words)


def _read_flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither True nor False")
    return value


def _read_count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_FAILURES:
        raise ValueError(f"{value!r} is not a whole number from 1 to {MOST_FAILURES}")
    return value


READERS = {
    "categories": _read_names,
    "tasks": _read_names,
    "results": _read_results,
    "only_on_change": _read_flag,
    "after_failures": _read_count,
    "before_last_retry": _read_flag,
    "alerts": _read_alerts,
}
# Taken out of a handler's dictionary before its class's own arguments.
RULE_NAMES = (*READERS, "quiet_hours")
