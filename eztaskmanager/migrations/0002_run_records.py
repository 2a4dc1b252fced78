import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """What this package knows of tasks and runs beyond its predecessor."""

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("eztaskmanager", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="appcommand",
            options={"ordering": ("app_name", "name"), "verbose_name": "command", "verbose_name_plural": "commands"},
        ),
        migrations.AlterModelOptions(
            name="launchreport",
            options={"ordering": ("-pk",), "verbose_name": "launch report", "verbose_name_plural": "launch reports"},
        ),
        migrations.AlterModelOptions(
            name="log",
            options={"verbose_name": "log line", "verbose_name_plural": "log lines"},
        ),
        migrations.AlterModelOptions(
            name="task",
            options={
                "permissions": (("launch_task", "Can launch and stop tasks"),),
                "verbose_name": "task",
                "verbose_name_plural": "tasks",
            },
        ),
        migrations.AlterModelOptions(
            name="taskcategory",
            options={"ordering": ("name",), "verbose_name": "task category", "verbose_name_plural": "task categories"},
        ),
        migrations.AddField(
            model_name="appcommand",
            name="allowed_groups",
            field=models.ManyToManyField(
                blank=True,
                help_text="Only members of these groups may see and launch its tasks; none means everyone permitted.",
                related_name="+",
                to="auth.group",
                verbose_name="allowed groups",
            ),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="arguments",
            field=models.TextField(blank=True, verbose_name="arguments"),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="attempt",
            field=models.PositiveSmallIntegerField(default=1, verbose_name="attempt"),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="command",
            field=models.CharField(blank=True, max_length=100, verbose_name="command"),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="cpu_seconds",
            field=models.FloatField(blank=True, null=True, verbose_name="CPU seconds"),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="due_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="not before"),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="enqueued_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="handed over"),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="error",
            field=models.TextField(blank=True, verbose_name="error"),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="exit_code",
            field=models.IntegerField(blank=True, null=True, verbose_name="exit code"),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="finished_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="finished"),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="heartbeat_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="last sign of life"),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="host",
            field=models.CharField(blank=True, max_length=255, verbose_name="host"),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="job_id",
            field=models.CharField(blank=True, max_length=100, verbose_name="job"),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="launched_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="launched by",
            ),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="launched_by_name",
            field=models.CharField(blank=True, max_length=150, verbose_name="launched by"),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="max_rss",
            field=models.PositiveBigIntegerField(blank=True, null=True, verbose_name="peak memory"),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="n_log_debugs",
            field=models.PositiveBigIntegerField(default=0, verbose_name="debug lines"),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="n_log_errors",
            field=models.PositiveBigIntegerField(default=0, verbose_name="errors"),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="n_log_lines",
            field=models.PositiveBigIntegerField(default=0, verbose_name="lines"),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="n_log_warnings",
            field=models.PositiveBigIntegerField(default=0, verbose_name="warnings"),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="pid",
            field=models.PositiveBigIntegerField(blank=True, null=True, verbose_name="process"),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="planned_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="slot"),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="progress_current",
            field=models.FloatField(blank=True, null=True, verbose_name="done"),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="progress_text",
            field=models.CharField(blank=True, max_length=255, verbose_name="progress"),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="progress_total",
            field=models.FloatField(blank=True, null=True, verbose_name="of"),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="retry_of",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="retries",
                to="eztaskmanager.launchreport",
                verbose_name="retry of",
            ),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="started_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="started"),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="state",
            field=models.CharField(
                choices=[("queued", "queued"), ("started", "running"), ("finished", "finished")],
                default="queued",
                max_length=8,
                verbose_name="state",
            ),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="stop_requested_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="asked to stop"),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="stopped_by",
            field=models.CharField(blank=True, max_length=150, verbose_name="stopped by"),
        ),
        migrations.AddField(
            model_name="launchreport",
            name="trigger",
            field=models.CharField(
                choices=[("manual", "by hand"), ("schedule", "schedule"), ("retry", "retry"), ("api", "code")],
                default="api",
                max_length=8,
                verbose_name="trigger",
            ),
        ),
        migrations.AddField(
            model_name="log",
            name="seq",
            field=models.PositiveBigIntegerField(null=True, verbose_name="number"),
        ),
        migrations.AddField(
            model_name="log",
            name="stream",
            field=models.CharField(
                choices=[
                    ("log", "log record"),
                    ("stdout", "standard output"),
                    ("stderr", "standard error"),
                    ("group", "start of a group"),
                    ("end", "end of a group"),
                ],
                default="log",
                max_length=6,
                verbose_name="stream",
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="created_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="created by",
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="cron",
            field=models.CharField(
                blank=True,
                help_text="Minute, hour, day of month, month, day of week; instead of a repetition. For example: 0 6 * * MON",
                max_length=100,
                verbose_name="cron expression",
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="ends_at",
            field=models.DateTimeField(
                blank=True, help_text="The schedule runs until here.", null=True, verbose_name="end"
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="is_paused",
            field=models.BooleanField(default=False, editable=False, verbose_name="paused"),
        ),
        migrations.AddField(
            model_name="task",
            name="jitter",
            field=models.PositiveIntegerField(
                default=0,
                help_text="Seconds over which runs of different tasks are spread; each task keeps its own delay.",
                verbose_name="jitter",
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="keep_reports",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Reports beyond this number are deleted, oldest first.",
                null=True,
                verbose_name="reports kept",
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="max_retries",
            field=models.PositiveSmallIntegerField(
                default=0,
                help_text="How often a run that failed, timed out or was lost is tried again.",
                verbose_name="retries",
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="misfire_grace",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Seconds after which a missed run is skipped; empty to run it however late.",
                null=True,
                verbose_name="misfire grace",
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="overlap",
            field=models.CharField(
                choices=[("skip", "skip it"), ("queue", "let it wait"), ("allow", "run both")],
                default="skip",
                help_text="What to do when it is to run while its last run is still going.",
                max_length=5,
                verbose_name="overlap",
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="queue",
            field=models.CharField(
                blank=True,
                help_text="Queue of the engine; empty for its default one.",
                max_length=100,
                verbose_name="queue",
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="retry_delay",
            field=models.PositiveIntegerField(
                default=60,
                help_text="Seconds before the first retry; each further one waits twice as long.",
                verbose_name="retry delay",
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="schedule_error",
            field=models.TextField(blank=True, editable=False, verbose_name="schedule error"),
        ),
        migrations.AddField(
            model_name="task",
            name="time_limit",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Seconds after which a run is stopped; empty for none.",
                null=True,
                verbose_name="time limit",
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="timezone",
            field=models.CharField(
                blank=True,
                help_text="Whose clock the schedule follows, such as Europe/Rome; empty for the project's.",
                max_length=64,
                verbose_name="time zone",
            ),
        ),
        migrations.AlterField(
            model_name="appcommand",
            name="active",
            field=models.BooleanField(
                default=True,
                help_text="Only active commands can be launched and chosen for tasks.",
                verbose_name="active",
            ),
        ),
        migrations.AlterField(
            model_name="appcommand",
            name="app_name",
            field=models.CharField(max_length=100, verbose_name="application"),
        ),
        migrations.AlterField(
            model_name="appcommand",
            name="name",
            field=models.CharField(max_length=100, verbose_name="name"),
        ),
        migrations.AlterField(
            model_name="launchreport",
            name="invocation_datetime",
            field=models.DateTimeField(auto_now_add=True, verbose_name="launched"),
        ),
        migrations.AlterField(
            model_name="launchreport",
            name="invocation_result",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "none yet"),
                    ("ok", "ok"),
                    ("warnings", "warnings"),
                    ("errors", "errors"),
                    ("failed", "failed"),
                    ("stopped", "stopped"),
                    ("timeout", "timed out"),
                    ("lost", "lost"),
                    ("skipped", "skipped"),
                ],
                db_index=True,
                default="",
                max_length=20,
                verbose_name="result",
            ),
        ),
        migrations.AlterField(
            model_name="launchreport",
            name="task",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, to="eztaskmanager.task", verbose_name="task"
            ),
        ),
        migrations.AlterField(
            model_name="log",
            name="launch_report",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="logs",
                to="eztaskmanager.launchreport",
                verbose_name="report",
            ),
        ),
        migrations.AlterField(
            model_name="log",
            name="level",
            field=models.CharField(max_length=10, verbose_name="level"),
        ),
        migrations.AlterField(
            model_name="log",
            name="message",
            field=models.TextField(verbose_name="message"),
        ),
        migrations.AlterField(
            model_name="log",
            name="timestamp",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="time"),
        ),
        migrations.AlterField(
            model_name="task",
            name="arguments",
            field=models.TextField(
                blank=True,
                help_text="Separated by commas, such as: --verbosity=2, --name some text, 7. Quotes keep commas and spaces.",
                verbose_name="arguments",
            ),
        ),
        migrations.AlterField(
            model_name="task",
            name="cached_last_invocation_datetime",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="last run"),
        ),
        migrations.AlterField(
            model_name="task",
            name="cached_last_invocation_n_errors",
            field=models.PositiveIntegerField(blank=True, editable=False, null=True, verbose_name="errors"),
        ),
        migrations.AlterField(
            model_name="task",
            name="cached_last_invocation_n_warnings",
            field=models.PositiveIntegerField(blank=True, editable=False, null=True, verbose_name="warnings"),
        ),
        migrations.AlterField(
            model_name="task",
            name="cached_last_invocation_result",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "none yet"),
                    ("ok", "ok"),
                    ("warnings", "warnings"),
                    ("errors", "errors"),
                    ("failed", "failed"),
                    ("stopped", "stopped"),
                    ("timeout", "timed out"),
                    ("lost", "lost"),
                    ("skipped", "skipped"),
                ],
                editable=False,
                max_length=20,
                null=True,
                verbose_name="last result",
            ),
        ),
        migrations.AlterField(
            model_name="task",
            name="cached_next_ride",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="next ride"),
        ),
        migrations.AlterField(
            model_name="task",
            name="category",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                to="eztaskmanager.taskcategory",
                verbose_name="category",
            ),
        ),
        migrations.AlterField(
            model_name="task",
            name="command",
            field=models.ForeignKey(
                limit_choices_to={"active": True},
                on_delete=django.db.models.deletion.CASCADE,
                to="eztaskmanager.appcommand",
                verbose_name="command",
            ),
        ),
        migrations.AlterField(
            model_name="task",
            name="name",
            field=models.CharField(max_length=255, verbose_name="name"),
        ),
        migrations.AlterField(
            model_name="task",
            name="note",
            field=models.TextField(blank=True, null=True, verbose_name="note"),
        ),
        migrations.AlterField(
            model_name="task",
            name="repetition_period",
            field=models.CharField(
                blank=True,
                choices=[
                    ("minute", "minute"),
                    ("hour", "hour"),
                    ("day", "day"),
                    ("week", "week"),
                    ("month", "month"),
                    ("year", "year"),
                ],
                max_length=20,
                verbose_name="repetition period",
            ),
        ),
        migrations.AlterField(
            model_name="task",
            name="repetition_rate",
            field=models.PositiveSmallIntegerField(
                blank=True, help_text="Every how many periods it runs again.", null=True, verbose_name="repetition rate"
            ),
        ),
        migrations.AlterField(
            model_name="task",
            name="scheduled_job_id",
            field=models.CharField(blank=True, editable=False, max_length=64, null=True, verbose_name="timer"),
        ),
        migrations.AlterField(
            model_name="task",
            name="scheduling",
            field=models.DateTimeField(
                blank=True, help_text="When it runs: once, or for the first time.", null=True, verbose_name="start"
            ),
        ),
        migrations.AlterField(
            model_name="task",
            name="status",
            field=models.CharField(
                choices=[("idle", "idle"), ("spooled", "queued"), ("scheduled", "scheduled"), ("started", "running")],
                db_index=True,
                default="idle",
                editable=False,
                max_length=20,
                verbose_name="status",
            ),
        ),
        migrations.AlterField(
            model_name="taskcategory",
            name="name",
            field=models.CharField(max_length=255, verbose_name="name"),
        ),
        migrations.AddIndex(
            model_name="launchreport",
            index=models.Index(fields=["state", "enqueued_at"], name="eztaskmanager_state"),
        ),
        migrations.AddIndex(
            model_name="launchreport",
            index=models.Index(fields=["task", "state"], name="eztaskmanager_task_state"),
        ),
        migrations.AddIndex(
            model_name="task",
            index=models.Index(fields=["cached_next_ride"], name="eztaskmanager_next_ride"),
        ),
    ]
