"""What the demo starts with: a user, categories, tasks."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from demoapp.history import Past, make_history
from eztaskmanager.exceptions import TaskQueueException
from eztaskmanager.models import AppCommand, Task, TaskCategory

DAILY = {"repetition_period": Task.REPETITION_PERIOD_DAY, "repetition_rate": 1}
EACH_MINUTE = {"repetition_period": Task.REPETITION_PERIOD_MINUTE, "repetition_rate": 1}


def seed() -> bool:
    """Make what is not there yet; tell whether there was nothing."""
    users = get_user_model()
    if not users.objects.filter(username="admin").exists():
        users.objects.create_superuser("admin", "admin@example.org", "admin")
    if Task.objects.exists():
        return False
    imports, reports, trials = (
        TaskCategory.objects.create(name=name, color=color)
        for name, color in (("Imports", "#0a63b0"), ("Reports", "#1a7f37"), ("Things to try", "#b26b00"))
    )
    now = timezone.localtime()
    next_minute = now.replace(second=0, microsecond=0) + dt.timedelta(minutes=1)
    tonight = (now + dt.timedelta(days=1)).replace(hour=2, minute=30, second=0, microsecond=0)
    first = [
        _make(
            "Import the prices of the north",
            "import_prices",
            "north, --verbosity 2",
            imports,
            note="Takes some seconds.",
        ),
        _make(
            "Say the time each minute",
            "test_logging_command",
            '--info "One minute more.", --verbosity 2',
            trials,
            note="Watch its next ride move on.",
            scheduling=next_minute,
            **EACH_MINUTE,
        ),
        _make("Ask the partner", "sync_partners", "--verbosity 2", imports, note="Fails each time: look at its log."),
        _make("Report on this machine", "nightly_report", "", reports, cron="30 6 * * mon-fri"),
    ]
    nightly = _make(
        "Import all prices at night",
        "import_prices",
        "south, --rows 400, --dry-run, --verbosity 2",
        imports,
        scheduling=tonight,
        **DAILY,
    )
    prices, _, partner, report = first
    make_history(
        {
            prices: Past(every=31, seconds=12, who="admin"),
            partner: Past(every=9, seconds=3, failing=0.35),
            report: Past(every=24, seconds=45, warned=0.3),
            nightly: Past(every=24, seconds=1900),
        }
    )
    _make(
        "Count slowly",
        "test_livelogging_command",
        "--limit 300, --verbosity 3",
        trials,
        note="Start it, watch it live, stop it.",
    )
    _make("Say its arguments", "test_command", '-f, --second "a b" c, --third="x, y", word', trials)
    for task in first:
        try:
            task.launch()
        except TaskQueueException:
            # The report is kept, and handed over when the queue answers.
            pass
    return True


def _make(name: str, command: str, arguments: str, category: TaskCategory, **fields: Any) -> Task:
    row = AppCommand.objects.get(app_name="demoapp", name=command)
    task = Task(name=name, command=row, arguments=arguments, category=category, **fields)
    task.full_clean()
    task.save()
    return task
