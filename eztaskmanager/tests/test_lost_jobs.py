"""Which jobs an engine no longer knows; with the real stores, and no worker."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.apps import apps
from django.test import TestCase, override_settings, tag
from django.utils import timezone
from rq.job import Job, JobStatus

from eztaskmanager.models import LaunchReport
from eztaskmanager.services.queues import get_task_service
from eztaskmanager.services.scheduling.handing_over import hand_over, hand_over_missing
from eztaskmanager.tests.engines import RQEngine
from eztaskmanager.tests.factories import make_report, make_task

AGES = dt.timedelta(hours=1)


def handed_over() -> LaunchReport:
    """Make a report that was handed over an hour ago, and now, since then, is looked for."""
    report = make_report()
    hand_over(report)
    moment = timezone.now() - AGES
    LaunchReport.objects.filter(pk=report.pk).update(enqueued_at=moment, invocation_datetime=moment)
    return LaunchReport.objects.select_related("task").get(pk=report.pk)


@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="DjangoTasks")
class DjangoTasksTests(TestCase):
    def is_missing(self, **fields: Any) -> bool:
        report = handed_over()
        results = apps.get_model("django_tasks_database", "DBTaskResult")._default_manager
        self.assertEqual(results.filter(pk=report.job_id).update(**fields), 1)
        return get_task_service().missing([report]) == [report]

    def test_one_that_waits_is_not_missing_however_long(self) -> None:
        self.assertFalse(self.is_missing(status="READY"))

    def test_one_that_has_just_begun_is_not_missing(self) -> None:
        self.assertFalse(self.is_missing(status="RUNNING", started_at=timezone.now()))

    def test_one_that_began_and_never_came_to_its_run_is_missing(self) -> None:
        self.assertTrue(self.is_missing(status="RUNNING", started_at=timezone.now() - AGES))

    def test_one_that_ended_without_a_run_is_missing(self) -> None:
        self.assertTrue(self.is_missing(status="FAILED", finished_at=timezone.now()))

    def test_one_that_is_gone_or_was_never_there_is_missing(self) -> None:
        report = handed_over()
        apps.get_model("django_tasks_database", "DBTaskResult")._default_manager.all().delete()
        self.assertEqual(get_task_service().missing([report]), [report])
        report.job_id = "launch-1-1"
        self.assertEqual(get_task_service().missing([report]), [report])

    def test_it_is_not_looked_for_before_its_time(self) -> None:
        report = handed_over()
        apps.get_model("django_tasks_database", "DBTaskResult")._default_manager.all().delete()
        report.enqueued_at = timezone.now()
        self.assertEqual(get_task_service().missing([report]), [])

    def test_it_is_handed_over_again_and_named_anew(self) -> None:
        report = handed_over()
        apps.get_model("django_tasks_database", "DBTaskResult")._default_manager.all().delete()
        with self.assertLogs("eztaskmanager", "WARNING"):
            self.assertEqual(hand_over_missing(timezone.now()), 1)
        again = LaunchReport.objects.get(pk=report.pk)
        self.assertNotEqual(again.job_id, report.job_id)
        self.assertEqual(get_task_service().missing([again]), [])


@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Celery")
class CeleryTests(TestCase):
    def test_a_broker_cannot_be_asked_so_patience_decides(self) -> None:
        now = timezone.now()
        long_ago = make_report(enqueued_at=now - AGES)
        LaunchReport.objects.update(invocation_datetime=now - AGES)
        just_now = make_report(enqueued_at=now)
        reports = list(LaunchReport.objects.select_related("task").order_by("pk"))
        self.assertEqual(get_task_service().missing(reports), [long_ago])
        self.assertNotIn(just_now, get_task_service().missing(reports))


@tag("engines")
class RQTests(RQEngine):
    @classmethod
    def start_workers(cls) -> None:
        """Start none."""

    def job_of(self, report: LaunchReport) -> Job:
        return Job.fetch(report.job_id, connection=self.service.queue.connection)

    def take(self, report: LaunchReport) -> Job:
        """Take the job out of the list, as a worker does before it says so."""
        self.service.queue.connection.lrem(self.service.queue.key, 0, report.job_id)
        return self.job_of(report)

    def is_missing(self, report: LaunchReport) -> bool:
        return bool(self.service.missing([report]))

    def test_one_in_the_list_is_not_missing(self) -> None:
        self.assertFalse(self.is_missing(handed_over()))

    def test_one_whose_worker_died_with_it_in_its_hands_is_missing(self) -> None:
        report = handed_over()
        self.take(report)
        self.assertTrue(self.is_missing(report))

    def test_one_that_has_just_begun_is_not_missing(self) -> None:
        report = handed_over()
        job = self.take(report)
        job.started_at = timezone.now()
        job.save()
        job.set_status(JobStatus.STARTED)
        self.assertFalse(self.is_missing(report))
        job.started_at = timezone.now() - AGES
        job.save()
        job.set_status(JobStatus.STARTED)
        self.assertTrue(self.is_missing(report))

    def test_one_that_ended_without_a_run_is_missing(self) -> None:
        report = handed_over()
        self.take(report).set_status(JobStatus.FAILED)
        self.assertTrue(self.is_missing(report))

    def test_one_of_a_queue_that_is_no_longer_there_is_missing(self) -> None:
        report = handed_over()
        report.task.queue = "renamed"
        self.assertTrue(self.is_missing(report))

    def test_cancelling_what_was_begun_or_is_gone_does_nothing(self) -> None:
        report = handed_over()
        job = self.take(report)
        job.set_status(JobStatus.STARTED)
        self.service.cancel(report)
        self.assertTrue(Job.exists(report.job_id, connection=self.service.queue.connection))
        job.delete()
        self.service.cancel(report)
        report.job_id = "not/an id of RQ's"
        self.service.cancel(report)

    def test_many_are_looked_for_at_once(self) -> None:
        task = make_task()
        reports = [make_report(task) for _ in range(3)]
        for report in reports:
            hand_over(report)
        self.service.queue.connection.flushall()
        self.assertEqual(self.service.missing(reports), reports)
