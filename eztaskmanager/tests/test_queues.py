"""Queue services and the handing over, with the queue in memory."""

from __future__ import annotations

import datetime as dt
import sys
from types import ModuleType
from unittest import mock

from django.db import transaction
from django.test import SimpleTestCase, TestCase, TransactionTestCase, override_settings
from django.utils import timezone

from eztaskmanager.checks import check_queue_service
from eztaskmanager.exceptions import QueueUnreachable, ServiceMisconfigured, TaskQueueException
from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.services import ticking
from eztaskmanager.services.queues import MemoryTaskQueueService, TaskQueueService, get_task_service
from eztaskmanager.services.queues.base import is_overdue
from eztaskmanager.services.scheduling.handing_over import (
    hand_over,
    hand_over_each,
    hand_over_left,
    hand_over_missing,
    hand_over_waiting,
)
from eztaskmanager.tests.factories import make_report, make_task, make_user

HOUR = dt.timedelta(hours=1)


class PickyQueueService(TaskQueueService):
    """Somebody's own, which refuses reports of tasks with a queue, and breaks on one."""

    enqueued: list[int] = []
    knocks = 0

    def enqueue(self, report: LaunchReport) -> str:
        if report.task.queue == "broken":
            raise RuntimeError("odd")
        if report.task.queue == "away":
            self.knocks += 1
            raise QueueUnreachable("Nobody is at home.")
        if report.task.queue:
            raise ServiceMisconfigured(f"There is no queue {report.task.queue!r}")
        self.enqueued.append(report.pk)
        return f"own-{report.pk}"


def memory() -> MemoryTaskQueueService:
    service = get_task_service()
    assert isinstance(service, MemoryTaskQueueService)
    return service


@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class MemoryCase(TestCase):
    def setUp(self) -> None:
        super().setUp()
        memory().clear()
        memory().is_away = False
        self.addCleanup(setattr, memory(), "is_away", False)


class ChoiceTests(SimpleTestCase):
    def test_each_name_gives_its_service_and_the_same_one_each_time(self) -> None:
        for name in ("RQ", "Celery", "DjangoTasks", "Memory"):
            with self.subTest(name), override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE=name):
                service = get_task_service()
                self.assertEqual(type(service).__name__, f"{name}TaskQueueService")
                self.assertIs(get_task_service(), service)

    def test_a_dotted_path_gives_ones_own(self) -> None:
        with override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE=f"{__name__}.PickyQueueService"):
            self.assertIsInstance(get_task_service(), PickyQueueService)

    def test_what_is_not_a_service_is_refused_and_told_by_the_check(self) -> None:
        for name, words in (
            ("Rabbit", "it may be one of 'RQ', 'Celery', 'DjangoTasks', 'Memory'"),
            (7, "it may be one of"),
            ("no.such.Service", "cannot be imported"),
            (f"{__name__}.NoSuchService", "cannot be used"),
            (f"{__name__}.make_task", "not a subclass of TaskQueueService"),
        ):
            with self.subTest(name), override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE=name):
                with self.assertRaisesMessage(ServiceMisconfigured, words):
                    get_task_service()
                self.assertEqual([message.id for message in check_queue_service()], ["eztaskmanager.E001"])

    def test_a_missing_extra_is_named(self) -> None:
        for name, module, extra in (("RQ", "rq", "rq"), ("Celery", "celery", "celery")):
            path = f"eztaskmanager.services.queues.{module}"
            absent: dict[str, ModuleType | None] = {"django_rq": None, "celery": None}
            with self.subTest(name), mock.patch.dict(sys.modules, absent):
                sys.modules.pop(path, None)
                with override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE=name):
                    with self.assertRaisesMessage(ServiceMisconfigured, f'pip install "django-eztaskmanager[{extra}]"'):
                        get_task_service()

    def test_every_public_name_imports(self) -> None:
        from eztaskmanager.services import queues

        for name in queues.__all__:
            self.assertTrue(hasattr(queues, name), name)
        with self.assertRaises(AttributeError):
            queues.NoSuchName


class CheckTests(SimpleTestCase):
    def ids(self) -> list[str | None]:
        return [message.id for message in check_queue_service()]

    def test_rq_needs_a_queue_named_default_and_its_app(self) -> None:
        with override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="RQ"):
            self.assertEqual(self.ids(), [])
            with override_settings(RQ_QUEUES={"other": {"URL": "redis://localhost"}}):
                self.assertEqual(self.ids(), ["eztaskmanager.E002"])
            with mock.patch("eztaskmanager.services.queues.rq.apps.is_installed", return_value=False):
                self.assertEqual(self.ids(), ["eztaskmanager.E003"])

    def test_celery_needs_an_app(self) -> None:
        with override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Celery"):
            self.assertEqual(self.ids(), [])
            with mock.patch("celery._state.default_app", None), mock.patch("celery._state._tls"):
                from celery import _state

                _state._tls.current_app = None
                self.assertEqual(self.ids(), ["eztaskmanager.E004"])

    def test_django_tasks_needs_its_backend_and_one_with_workers(self) -> None:
        package = "django.tasks" if "django.tasks" in sys.modules else "django_tasks"
        immediate = {"BACKEND": f"{package}.backends.immediate.ImmediateBackend"}
        with override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="DjangoTasks"):
            self.assertEqual(self.ids(), [])
            with override_settings(EZTASKMANAGER_TASKS_BACKEND="absent"):
                self.assertEqual(self.ids(), ["eztaskmanager.E001"])
            with override_settings(TASKS={"default": immediate}):
                self.assertEqual(self.ids(), ["eztaskmanager.W002"])


class AddAndRemoveTests(MemoryCase):
    def test_a_task_without_a_schedule_runs_at_once(self) -> None:
        task = make_task()
        with self.captureOnCommitCallbacks(execute=True):
            report = memory().add(task)
        assert report is not None
        self.assertEqual([job.report_id for job in memory().jobs], [report.pk])
        report.refresh_from_db()
        self.assertEqual((report.job_id, report.trigger), (f"launch-{report.pk}-1", "api"))
        self.assertEqual(memory().fetch_job_with_next_time(task), (report.job_id, None))

    def test_a_task_with_a_schedule_waits_for_it_and_is_armed(self) -> None:
        start = timezone.now() + HOUR
        task = make_task(scheduling=start)
        with self.captureOnCommitCallbacks(execute=True):
            self.assertIsNone(memory().add(task))
        self.assertEqual(memory().jobs, [])
        self.assertEqual(memory().timers, {task.pk: start.isoformat()})
        self.assertEqual(memory().fetch_job_with_next_time(task), (None, start))

    def test_a_moment_in_the_past_is_refused(self) -> None:
        task = make_task(scheduling=timezone.now() - HOUR)
        with self.assertRaisesMessage(TaskQueueException, "It is not possible to schedule tasks in the past"):
            memory().add(task)

    def test_a_schedule_that_has_ended_or_cannot_be_followed_is_refused(self) -> None:
        now = timezone.now()
        over = make_task(scheduling=now - 3 * HOUR, repetition_period="hour", repetition_rate=1, ends_at=now - HOUR)
        with self.assertRaisesMessage(TaskQueueException, "has ended"):
            memory().add(over)
        with self.assertRaises(TaskQueueException):
            memory().add(make_task(scheduling=now + HOUR, repetition_period="hour"))

    def test_removing_lets_the_schedule_rest_and_takes_the_queued_runs_back(self) -> None:
        task = make_task(scheduling=timezone.now() + HOUR)
        with self.captureOnCommitCallbacks(execute=True):
            memory().add(task)
            report = task.launch(by=make_user("root", is_superuser=True))
        self.assertEqual(len(memory().jobs), 1)
        with self.captureOnCommitCallbacks(execute=True):
            self.assertEqual(memory().remove(task), 1)
        self.assertEqual((memory().jobs, memory().timers), ([], {}))
        self.assertEqual(task.status, Task.STATUS_IDLE)
        report.refresh_from_db()
        self.assertEqual(report.invocation_result, LaunchReport.RESULT_STOPPED)
        self.assertEqual(memory().fetch_job_with_next_time(task), (None, None))

    def test_a_task_that_is_gone_has_no_job(self) -> None:
        self.assertEqual(memory().fetch_job_with_next_time(Task(pk=0)), (None, None))

    def test_deleting_a_task_removes_its_timer(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            task = make_task(scheduling=timezone.now() + HOUR)
        self.assertIn(task.pk, memory().timers)
        with self.captureOnCommitCallbacks(execute=True):
            task.delete()
        self.assertEqual(memory().timers, {})


class HandingOverTests(MemoryCase):
    def test_a_report_is_handed_over_once(self) -> None:
        report = make_report()
        self.assertTrue(hand_over(report))
        self.assertFalse(hand_over(report))
        self.assertFalse(hand_over(LaunchReport.objects.get(pk=report.pk)))
        self.assertEqual(len(memory().jobs), 1)

    def test_what_is_not_queued_or_not_due_is_not_handed_over(self) -> None:
        over = make_report(state=LaunchReport.State.FINISHED)
        later = make_report(due_at=timezone.now() + HOUR)
        self.assertEqual(hand_over_each([over, later]), 0)
        self.assertEqual(memory().jobs, [])

    def test_an_engine_that_is_away_is_told_of_on_the_report_and_made_good_when_it_is_back(self) -> None:
        reports = [make_report() for _ in range(3)]
        memory().is_away = True
        with self.assertRaisesMessage(QueueUnreachable, "it will be handed over when it answers again"):
            hand_over_each(reports)
        for report in LaunchReport.objects.all():
            self.assertIsNone(report.enqueued_at)
            self.assertIn("cannot be reached", report.error)
        memory().is_away = False
        self.assertEqual(hand_over_left(timezone.now()), 3)
        self.assertEqual(LaunchReport.objects.exclude(error="").count(), 0)
        self.assertEqual({job.report_id for job in memory().jobs}, {report.pk for report in reports})

    def test_a_run_that_waits_for_another_is_left_to_its_end(self) -> None:
        task = make_task(overlap=Task.Overlap.QUEUE)
        running = make_report(task, state=LaunchReport.State.STARTED)
        waiting = [make_report(task), make_report(task)]
        self.assertEqual(hand_over_left(timezone.now()), 0)
        LaunchReport.objects.filter(pk=running.pk).update(state=LaunchReport.State.FINISHED)
        self.assertTrue(hand_over_waiting(task.pk))
        self.assertEqual([job.report_id for job in memory().jobs], [waiting[0].pk])

    def test_what_the_engine_lost_is_handed_over_again_with_the_next_number(self) -> None:
        report = make_report()
        hand_over(report)
        memory().clear()
        self.assertEqual(hand_over_missing(timezone.now()), 0, "it may be on its way")
        self.assertEqual(hand_over_missing(timezone.now() + dt.timedelta(seconds=6)), 1)
        self.assertEqual([job.id for job in memory().jobs], [f"launch-{report.pk}-2"])
        self.assertEqual(hand_over_missing(timezone.now() + dt.timedelta(seconds=6)), 0)

    def test_patience_with_an_engine_that_cannot_tell_doubles(self) -> None:
        now = timezone.now()
        report = make_report()
        report.invocation_datetime = now
        report.enqueued_at = now
        handed = []
        for second in range(0, 1000):
            moment = now + dt.timedelta(seconds=second)
            if is_overdue(report, moment):
                handed.append(second)
                report.enqueued_at = moment
        self.assertEqual(handed, [60, 120, 240, 480, 960])

    def test_a_whole_tick_outlives_an_engine_that_is_away(self) -> None:
        task = make_task(scheduling=timezone.now() + HOUR)
        Task.objects.update(cached_next_ride=timezone.now())
        memory().is_away = True
        with self.assertLogs("eztaskmanager", "WARNING"):
            self.assertEqual(ticking.tick(), 1)
        memory().is_away = False
        ticking.tick()
        self.assertEqual([job.task_id for job in memory().jobs], [task.pk])

    def test_a_retry_that_must_wait_is_not_handed_over_at_once(self) -> None:
        report = make_report(due_at=timezone.now() + HOUR)
        with self.captureOnCommitCallbacks(execute=True):
            report.announce()
        self.assertEqual(memory().jobs, [])


@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE=f"{__name__}.PickyQueueService")
class RefusalTests(TestCase):
    def test_one_that_is_refused_does_not_stop_the_others(self) -> None:
        tasks = [make_task(queue=queue) for queue in ("absent", "broken", "")]
        reports = [make_report(task) for task in tasks]
        PickyQueueService.enqueued.clear()
        with self.assertLogs("eztaskmanager.services.scheduling.handing_over", "WARNING"):
            self.assertEqual(hand_over_each(reports), 1)
        self.assertEqual(PickyQueueService.enqueued, [reports[2].pk])
        errors = list(LaunchReport.objects.order_by("pk").values_list("error", flat=True))
        self.assertEqual(errors[0], "There is no queue 'absent'")
        self.assertIn("odd", errors[1])
        self.assertEqual(LaunchReport.objects.get(pk=reports[2].pk).job_id, f"own-{reports[2].pk}")

    def test_a_queue_that_is_away_does_not_stop_those_that_are_not(self) -> None:
        tasks = [make_task(queue=queue) for queue in ("away", "away", "", "away")]
        reports = [make_report(task) for task in tasks]
        PickyQueueService.enqueued.clear()
        service = get_task_service()
        assert isinstance(service, PickyQueueService)
        service.knocks = 0
        with self.assertRaisesMessage(QueueUnreachable, "Nobody is at home; it will be handed over"):
            hand_over_each(reports)
        self.assertEqual((PickyQueueService.enqueued, service.knocks), ([reports[2].pk], 1))
        left = LaunchReport.objects.filter(enqueued_at=None)
        self.assertEqual(left.filter(error__startswith="Nobody is at home; it").count(), 3)

    def test_the_status_of_an_engine_that_tells_nothing_is_that_of_the_reports(self) -> None:
        make_report(enqueued_at=timezone.now() - HOUR)
        [status] = get_task_service().status()
        assert status.oldest_wait is not None
        self.assertEqual((status.name, status.workers, status.depth), ("default", None, 1))
        self.assertGreater(status.oldest_wait, 3500)


@override_settings(EZTASKMANAGER_QUEUE_SERVICE_TYPE="Memory")
class TransactionTests(TransactionTestCase):
    def setUp(self) -> None:
        memory().clear()
        self.addCleanup(setattr, memory(), "is_away", False)

    def launch(self) -> LaunchReport:
        return make_task("ez_talk", "print").launch()

    def test_outside_a_transaction_it_is_handed_over_at_once(self) -> None:
        self.launch()
        self.assertEqual(len(memory().jobs), 1)

    def test_inside_a_transaction_it_waits_for_the_commit(self) -> None:
        with transaction.atomic():
            self.launch()
            self.assertEqual(memory().jobs, [])
        self.assertEqual(len(memory().jobs), 1)

    def test_a_rollback_leaves_nothing_behind(self) -> None:
        with self.assertRaises(ZeroDivisionError), transaction.atomic():
            self.launch()
            raise ZeroDivisionError
        self.assertEqual((memory().jobs, LaunchReport.objects.count()), ([], 0))

    def test_an_engine_that_is_away_fails_the_launch_but_keeps_the_report(self) -> None:
        memory().is_away = True
        with self.assertRaises(QueueUnreachable):
            self.launch()
        report = LaunchReport.objects.get()
        self.assertEqual(report.state, LaunchReport.State.QUEUED)
        self.assertIn("it will be handed over", report.error)

    def test_after_a_commit_the_engine_that_is_away_is_only_told_of(self) -> None:
        memory().is_away = True
        with self.assertLogs("eztaskmanager", "WARNING"), transaction.atomic():
            self.launch()
        self.assertIn("it will be handed over", LaunchReport.objects.get().error)

    def test_what_waits_in_memory_can_be_run(self) -> None:
        report = self.launch()
        with override_settings(EZTASKMANAGER_MIRROR_OUTPUT=False):
            self.assertEqual(memory().run_all(), 1)
        report.refresh_from_db()
        self.assertEqual(report.invocation_result, LaunchReport.RESULT_OK, report.error)
        self.assertEqual([status.depth for status in memory().status()], [0])

    def test_a_bad_schedule_does_not_keep_its_task_from_being_deleted_while_the_engine_is_away(self) -> None:
        task = make_task(scheduling=timezone.now() + HOUR)
        memory().is_away = True
        with self.assertLogs("eztaskmanager", "WARNING"):
            task.delete()
        self.assertEqual(Task.objects.count(), 0)
