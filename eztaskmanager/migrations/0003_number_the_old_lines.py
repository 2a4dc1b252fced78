from django.db import migrations
from django.db.models import Count, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Greatest, Now

NUMBERED = (
    "SELECT id, ROW_NUMBER() OVER (PARTITION BY launch_report_id ORDER BY id) AS seq FROM eztaskmanager_log"
    " WHERE seq IS NULL"
)
NUMBER = (
    "UPDATE eztaskmanager_log SET seq = numbered.seq FROM ({}) AS numbered WHERE numbered.id = eztaskmanager_log.id"
)
NUMBER_ON_MYSQL = "UPDATE eztaskmanager_log JOIN ({}) AS numbered USING (id) SET eztaskmanager_log.seq = numbered.seq"


def number_lines(apps, schema_editor):
    """Give the lines of each report the numbers 1, 2, 3… in the order they were written."""
    sql = NUMBER_ON_MYSQL if schema_editor.connection.vendor == "mysql" else NUMBER
    # Not by the schema editor, which refuses to run within MySQL's transactions.
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(sql.format(NUMBERED))


def complete_reports(apps, schema_editor):
    """Tell of the old runs what their rows and lines say; what has no result was cut off."""
    alias = schema_editor.connection.alias
    reports = apps.get_model("eztaskmanager", "LaunchReport").objects.using(alias).filter(started_at=None)
    tasks = apps.get_model("eztaskmanager", "Task").objects.using(alias).filter(pk=OuterRef("task"))
    lines = apps.get_model("eztaskmanager", "Log").objects.using(alias).filter(launch_report=OuterRef("pk")).order_by()

    def count(condition=Q()):
        counted = lines.filter(condition).values("launch_report").annotate(n=Count("pk")).values("n")
        return Coalesce(Subquery(counted), Value(0))

    last = Subquery(lines.order_by("-pk").values("timestamp")[:1])
    reports.filter(invocation_result="").update(invocation_result="lost")
    reports.update(
        state="finished",
        command=Subquery(tasks.values("command__name")),
        arguments=Subquery(tasks.values("arguments")),
        n_log_lines=count(),
        n_log_debugs=count(Q(level="DEBUG")),
        n_log_warnings=count(Q(level="WARNING")),
        n_log_errors=count(Q(level__in=("ERROR", "CRITICAL"))),
        finished_at=Coalesce(last, F("invocation_datetime")),
        started_at=F("invocation_datetime"),
    )


def settle_tasks(apps, schema_editor):
    """Keep what was scheduled scheduled, and what was stopped stopped."""
    tasks = apps.get_model("eztaskmanager", "Task").objects.using(schema_editor.connection.alias)
    scheduled = tasks.filter(status="scheduled")
    # An engine's timer may have been all that knew of the next ride: one ride more rather than none ever again.
    scheduled.filter(cached_next_ride=None, scheduling__isnull=False).update(
        cached_next_ride=Greatest(F("scheduling"), Now())
    )
    others = tasks.exclude(status="scheduled")
    others.filter(scheduling__isnull=False).update(is_paused=True)
    others.update(status="idle", cached_next_ride=None)


class Migration(migrations.Migration):
    """Bring the predecessor's rows to what the new columns promise."""

    dependencies = [("eztaskmanager", "0002_run_records")]

    operations = [
        migrations.RunPython(number_lines, migrations.RunPython.noop),
        migrations.RunPython(complete_reports, migrations.RunPython.noop),
        migrations.RunPython(settle_tasks, migrations.RunPython.noop),
    ]
