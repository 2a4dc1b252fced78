"""Our pages under another look of the admin; `test_themes` runs them, with `themed_settings`."""

from __future__ import annotations

from django.test import tag
from django.urls import reverse

from eztaskmanager.models import LaunchReport, Task, TaskCategory
from eztaskmanager.tests.desk import LIST, AdminTestCase, change_page
from eztaskmanager.tests.factories import make_report, make_runs, make_task
from eztaskmanager.tests.pages import BrowserTestCase


def fill() -> Task:
    """Make a task with a history."""
    task = make_task(name="Go", cron="0 6 * * *", category=TaskCategory.objects.create(name="C", color="#0a63b0"))
    make_runs(task, *([60.0] * 10), 400)
    return task


class AnswerTests(AdminTestCase):
    def test_pages_answer(self) -> None:
        task = fill()
        report = LaunchReport.objects.latest("pk")
        pages = [LIST, f"{LIST}?grouped=1", f"{LIST}add/", change_page(task)]
        pages += [f"/admin/eztaskmanager/{name}/" for name in ("launchreport", "appcommand", "taskcategory")]
        pages.append(reverse("admin:eztaskmanager_launchreport_change", args=[report.pk]))
        pages.append(reverse("admin:eztaskmanager_appcommand_change", args=[task.command_id]))
        pages.append(reverse("admin:eztaskmanager_taskcategory_change", args=[task.category_id]))
        for page in pages:
            with self.subTest(page=page):
                self.assertEqual(self.client.get(page).status_code, 200)


@tag("browser")
class ScriptTests(BrowserTestCase):
    # These looks bring inline styles and scripts of their own.
    policy = "django.middleware.common.CommonMiddleware"

    def tearDown(self) -> None:
        """Let them complain of what they fetch from elsewhere."""

    def test_the_list_lives_its_buttons_work_and_its_groups_have_headings(self) -> None:
        task = fill()
        self.go(f"{LIST}?grouped=1")
        self.page.locator(".ez-group-row").wait_for()
        self.page.locator(".ez-strip a").first.wait_for()
        self.page.get_by_role("button", name="Run now: Go").click()
        self.page.locator(".ez-said-success").wait_for()
        self.page.locator(f'[data-ez-task="{task.pk}"][data-ez-cell="state"] .ez-is-queued').wait_for()

    def test_the_page_of_a_task_lives_and_draws(self) -> None:
        task = fill()
        self.go(change_page(task))
        self.wait("() => Boolean(window.Chart && Chart.getChart('ez-chart'))")
        self.page.locator(".ez-preview").wait_for(state="attached")
        make_report(task)
        Task.objects.all().derive()
        self.page.locator("[name=_stop-task]").wait_for()
