"""django-celery-beat's tables, read without its package: it may have been removed, and cannot live beside others."""

from __future__ import annotations

from typing import Any

from django.apps.registry import Apps
from django.db import connection, models

# A registry of their own: for the project these models are not there.
TABLES = Apps()
PREFIX = "django_celery_beat_"


class Interval(models.Model):
    """Every so many units."""

    every = models.IntegerField()
    period = models.CharField(max_length=24)

    class Meta:
        apps = TABLES
        app_label = "eztaskmanager_beat"
        db_table = f"{PREFIX}intervalschedule"
        managed = False


class Crontab(models.Model):
    """A cron expression, by its fields."""

    minute = models.CharField(max_length=240)
    hour = models.CharField(max_length=96)
    day_of_week = models.CharField(max_length=64)
    day_of_month = models.CharField(max_length=124)
    month_of_year = models.CharField(max_length=64)
    timezone = models.CharField(max_length=63)

    class Meta:
        apps = TABLES
        app_label = "eztaskmanager_beat"
        db_table = f"{PREFIX}crontabschedule"
        managed = False


class Clocked(models.Model):
    """A single moment."""

    clocked_time = models.DateTimeField()

    class Meta:
        apps = TABLES
        app_label = "eztaskmanager_beat"
        db_table = f"{PREFIX}clockedschedule"
        managed = False


class PeriodicTask(models.Model):
    """What is called, and when."""

    name = models.CharField(max_length=200)
    task = models.CharField(max_length=200)
    args = models.TextField()
    kwargs = models.TextField()
    queue = models.CharField(max_length=200, null=True)
    expires = models.DateTimeField(null=True)
    expire_seconds = models.PositiveIntegerField(null=True)
    enabled = models.BooleanField()
    one_off = models.BooleanField()
    start_time = models.DateTimeField(null=True)
    last_run_at = models.DateTimeField(null=True)
    date_changed = models.DateTimeField()
    interval_id = models.IntegerField(null=True)
    crontab_id = models.IntegerField(null=True)
    clocked_id = models.IntegerField(null=True)

    class Meta:
        apps = TABLES
        app_label = "eztaskmanager_beat"
        db_table = f"{PREFIX}periodictask"
        managed = False


# A row by its columns; those that its release lacks are missing.
Row = dict[str, Any]


def read_rows() -> list[Row] | None:
    """Read all rows, each with its schedule under `interval`, `crontab` or `clocked`; None where there is no table."""
    with connection.cursor() as cursor:
        there = set(connection.introspection.table_names(cursor))
        if PeriodicTask._meta.db_table not in there:
            return None
        found = {
            model: _columns(cursor, model)
            for model in (PeriodicTask, Interval, Crontab, Clocked)
            if model._meta.db_table in there
        }
    schedules: dict[str, dict[int, Row]] = {}
    for key, model in (("interval", Interval), ("crontab", Crontab), ("clocked", Clocked)):
        schedules[key] = {row["id"]: row for row in _values(model, found[model])} if model in found else {}
    rows = _values(PeriodicTask, found[PeriodicTask])
    for row in rows:
        for key, by_id in schedules.items():
            row[key] = by_id.get(row.get(f"{key}_id") or 0)
    return rows


def _columns(cursor: Any, model: type[models.Model]) -> list[str]:
    there = {column.name for column in connection.introspection.get_table_description(cursor, model._meta.db_table)}
    return [field.attname for field in model._meta.concrete_fields if field.attname in there]


def _values(model: type[models.Model], columns: list[str]) -> list[Row]:
    return list(model._default_manager.order_by("pk").values(*columns))
