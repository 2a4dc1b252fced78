"""Crontabs: which management command a line calls, and why it cannot be a task."""

from __future__ import annotations

from typing import Any
from unittest import TestCase

from eztaskmanager.crontabs import CronLine, NotACall, find_call, read_crontab
from eztaskmanager.crontabs.lines import Unreadable

TAKEN: list[tuple[str, str, list[str]]] = [
    ("python manage.py clearsessions", "clearsessions", []),
    ("./manage.py clearsessions", "clearsessions", []),
    ("/srv/app/manage.py clearsessions", "clearsessions", []),
    ("django-admin clearsessions --settings=app.settings", "clearsessions", []),
    ("/venv/bin/python -m django clearsessions --settings app.settings -v 2", "clearsessions", ["-v", "2"]),
    (
        "cd /srv/app && /srv/venv/bin/python3.12 manage.py import_prices north --rows=5",
        "import_prices",
        ["north", "--rows=5"],
    ),
    ("cd /srv/app; ./manage.py x >> /var/log/x.log 2>&1", "x", []),
    ("cd /srv/app && . venv/bin/activate && python -u manage.py x &> /dev/null &", "x", []),
    ("cd /srv/app && source .env && export A=b && poetry run python manage.py x", "x", []),
    ("cd /srv/app && poetry run ./manage.py x", "x", []),
    ("uv run --project /srv/app manage.py x", "x", []),
    ("uv run python manage.py x < /dev/null", "x", []),
    ("DJANGO_SETTINGS_MODULE=a.b PYTHONPATH=/x python manage.py x", "x", []),
    ("env A=1 nice -n 10 ionice -c3 python manage.py x", "x", []),
    ("flock -n /tmp/x.lock python manage.py x", "x", []),
    ("flock -n /tmp/x.lock -c 'cd /srv && python manage.py x \"a b\"'", "x", ["a b"]),
    ("bash -lc 'cd /srv && ./manage.py x --name \"O Neill\" >/dev/null'", "x", ["--name", "O Neill"]),
    ('sudo -u www-data /bin/bash -c "cd /srv; python manage.py x"', "x", []),
    ("docker compose exec -T web python manage.py x -v0", "x", ["-v0"]),
    ("$PYTHON manage.py x", "x", []),
    ("python manage.py x 'it''s $5' \"a \\\"b\\\"\" c\\ d '*' # note", "x", ["its $5", 'a "b"', "c d", "*"]),
    ("python manage.py x --price 5$", "x", ["--price", "5$"]),
    ("python manage.py x 2", "x", ["2"]),
    ("sudo -u web A=1 python -W ignore -u manage.py x", "x", []),
]
REFUSED = [
    ("backup.sh", "does not call manage.py"),
    ("echo manage.py", "does not call manage.py"),
    ("python other.py manage.py x", "does not call manage.py"),
    ("sh run.sh manage.py x", "does not call manage.py"),
    ("rm -rf /srv/app/manage.py x", "does not call manage.py"),
    ("python manage.py", "without a command"),
    ("python manage.py x | mail ops", "pipe"),
    ("python manage.py x |& tee x.log", "pipe"),
    ("python manage.py x || mail ops", "'||'"),
    ("python manage.py x; rm y", "goes on with 'rm'"),
    ("python manage.py x && python manage.py y", "more than once"),
    ("rsync -a a b && python manage.py x", "runs 'rsync' first"),
    ("python manage.py x --date $(date +F)", "fills in '$(date'"),
    ('python manage.py x "$HOME/a"', "fills in '$HOME/a'"),
    ("python manage.py x `date`", "fills in"),
    ("python manage.py x *.csv", "fills in '*'"),
    ("python manage.py x ~/a", "fills in '~'"),
    ("python manage.py x {a,b}", "fills in '{'"),
    ("python manage.py x < input.csv", "standard input"),
    ("(cd /srv && python manage.py x)", "needs a shell, for '('"),
    ("python manage.py x & sleep 5", "needs a shell, for '&'"),
    ("python manage.py x 'open", "never closed"),
    ("", "does not call manage.py"),
]
CRONTAB = r"""# m h  dom mon dow   command
MAILTO=ops@example.org
SHELL = /bin/bash
0 3 * * * /srv/backup.sh

# --- Clear old sessions. ---
@daily python manage.py clearsessions
CRON_TZ="Europe/Rome"
# 5 4 * * * python manage.py off
30 6 * * mon-fri  python manage.py report --format "\%Y" # why
# Feed it, as the others want it by noon.
*/5 * * * * python manage.py feed%a%b
@reboot python manage.py warm
nonsense here
"""


class LineTests(TestCase):
    def test_the_lines_of_a_users_crontab(self) -> None:
        self.assertEqual(
            list(read_crontab(CRONTAB)),
            [
                CronLine(4, "0 3 * * *", "/srv/backup.sh"),
                CronLine(7, "@daily", "python manage.py clearsessions", comment="Clear old sessions"),
                CronLine(10, "30 6 * * mon-fri", 'python manage.py report --format "%Y" # why', timezone="Europe/Rome"),
                CronLine(
                    12,
                    "*/5 * * * *",
                    "python manage.py feed",
                    True,
                    comment="Feed it, as the others want it by noon",
                    timezone="Europe/Rome",
                ),
                CronLine(13, "@reboot", "python manage.py warm", timezone="Europe/Rome"),
                Unreadable(14, "nonsense here"),
            ],
        )

    def test_a_systems_crontab_names_users(self) -> None:
        line = "17 *\t* * *\tweb-1  cd / && run-parts --report /etc/cron.hourly"
        expected = CronLine(1, "17 * * * *", "cd / && run-parts --report /etc/cron.hourly", user="web-1")
        self.assertEqual(list(read_crontab(line, is_system=True)), [expected])


class CallTests(TestCase):
    def test_a_call_is_found_in_what_is_around_it(self) -> None:
        for line, name, argv in TAKEN:
            with self.subTest(line):
                call = find_call(line)
                self.assertEqual((call.name, list(call.argv)), (name, argv))

    def test_what_a_task_cannot_do_is_refused_with_the_reason(self) -> None:
        for line, reason in REFUSED:
            with self.subTest(line), self.assertRaises(NotACall) as caught:
                find_call(line)
            with self.subTest(line):
                self.assertIn(reason, str(caught.exception))

    def test_a_timeout_is_the_time_limit(self) -> None:
        limits: dict[str, Any] = {
            "timeout 90 python manage.py x": 90,
            "timeout -k 5 -s INT 2h python manage.py x": 7200,
            "timeout --kill-after=5 1.5m python manage.py x": 90,
            "python manage.py x": None,
        }
        for line, limit in limits.items():
            with self.subTest(line):
                self.assertEqual(find_call(line).time_limit, limit)

    def test_what_is_left_out_is_noted(self) -> None:
        call = find_call("sleep 20; A=1 B=2 python manage.py x --settings=a --pythonpath b")
        self.assertEqual(
            call.notes,
            ("not done: sleep 20", "not set: A, B", "not passed on: --settings", "not passed on: --pythonpath"),
        )
