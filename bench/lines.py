"""A log of many lines, made by one statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eztaskmanager.models import LaunchReport

NUMBERS = {
    "postgresql": "SELECT generate_series(1, %s) AS n",
    "sqlite": "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %s)"
    " SELECT n FROM numbers",
    "mysql": "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %s)"
    " SELECT n FROM numbers",
}


def write_lines(report: LaunchReport, count: int) -> None:
    """Give a report without lines so many, every thousandth of them an error, and its counters."""
    from django.db import connection
    from django.utils import timezone

    from eztaskmanager.models import LaunchReport, Log

    vendor = connection.vendor
    # MySQL takes || for OR, and ends a recursion after a thousand steps unless told otherwise.
    text = (
        "CONCAT('row ', n, ' of the import is done')"
        if vendor == "mysql"
        else "'row ' || n || ' of the import is done'"
    )
    with connection.cursor() as cursor:
        if vendor == "mysql":
            name = "max_recursive_iterations" if connection.mysql_is_mariadb else "cte_max_recursion_depth"
            cursor.execute(f"SET SESSION {name} = {count + 1}")
        cursor.execute(
            f"INSERT INTO {Log._meta.db_table} (launch_report_id, seq, timestamp, level, stream, message) "
            f"SELECT %s, n, %s, CASE WHEN n %% 1000 = 0 THEN 'ERROR' ELSE 'INFO' END, 'log', {text} "
            f"FROM ({NUMBERS[vendor]}) made",
            [report.pk, timezone.now(), count],
        )
        if vendor == "postgresql":
            # As autovacuum would have done by the time that so many lines were logged one by one.
            cursor.execute(f"ANALYZE {Log._meta.db_table}")
    LaunchReport.objects.filter(pk=report.pk).update(n_log_lines=count, n_log_errors=count // 1000)
    report.refresh_from_db()
