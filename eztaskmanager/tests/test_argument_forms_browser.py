"""The form for arguments in a real browser, under a strict policy."""

from __future__ import annotations

from django.urls import reverse

from eztaskmanager.models import LaunchReport, Task
from eztaskmanager.tests.factories import make_command, make_task
from eztaskmanager.tests.pages import BrowserTestCase

TEXT = "#id_arguments"
FORM = ".ez-argument-form"


def field(key: str) -> str:
    """Give the selector of a field."""
    return f'.ez-arg[data-key="{key}"]'


class ArgumentFormTests(BrowserTestCase):
    def open(self, task: Task) -> None:
        self.go(reverse("admin:eztaskmanager_task_change", args=[task.pk]))
        self.page.locator(f"{FORM} .ez-arg-grid").first.wait_for()

    def open_launch_page(self, task: Task) -> None:
        self.go(reverse("admin:eztaskmanager_task_launch", args=[task.pk]))
        self.page.locator(f"{FORM} .ez-arg-grid").first.wait_for()

    def wait_for_text(self, text: str) -> None:
        self.wait("text => document.getElementById('id_arguments').value === text", text)

    def wait_for_value(self, key: str, value: str) -> None:
        script = "([selector, value]) => document.querySelector(selector)?.value === value"
        self.wait(script, [f"{field(key)} input, {field(key)} select", value])

    def test_choosing_a_command_shows_its_form(self) -> None:
        chosen, other = make_command("ez_form"), make_command("ez_wait")
        self.go(reverse("admin:eztaskmanager_task_add"))
        self.assertFalse(self.page.locator(FORM).is_visible())
        self.page.select_option("#id_command", str(chosen.pk))
        self.page.locator(field("--token")).wait_for()
        self.assertEqual(self.page.get_attribute(f"{field('--token')} input", "type"), "password")
        self.assertEqual(self.page.get_attribute(f"{field('--since')} input", "type"), "date")
        # What is missing is not held against someone who has just begun.
        self.assertEqual(self.texts(f"{FORM} .ez-arg-errors li"), [])
        self.page.select_option("#id_command", str(other.pk))
        self.page.locator(field("way")).wait_for()
        self.assertEqual(self.page.locator(field("--token")).count(), 0)

    def test_the_form_writes_the_text(self) -> None:
        self.open(make_task("ez_form", ""))
        self.page.get_by_label("Region").fill("north, or south")
        self.wait_for_text('"north, or south"')
        self.page.fill(f"{field('--since')} input", "2026-02-28")
        self.page.check(f"{field('--dry-run')} input")
        self.page.select_option(f"{field('--notify')} select", "no")
        self.page.fill(f"{field('--token')} input", "$env:TOKEN")
        self.page.fill(f"{field('--tag')} input", "a")
        self.page.click(f"{field('--tag')} .ez-arg-add")
        self.page.keyboard.type("b c")
        self.wait_for_text(
            '--since 2026-02-28, --dry-run, --no-notify, --tag a, --tag "b c", --token $env:TOKEN, "north, or south"'
        )
        self.page.click(f"{field('--tag')} .ez-arg-remove >> nth=0")
        self.page.uncheck(f"{field('--dry-run')} input")
        self.wait_for_text('--since 2026-02-28, --no-notify, --tag "b c", --token $env:TOKEN, "north, or south"')

    def test_the_text_fills_the_form(self) -> None:
        self.open(make_task("ez_form", "north"))
        self.wait_for_value("region", "north")
        self.page.fill(TEXT, "south, --rows 5, --pairs 1 2, --message, --colour $env:COLOUR")
        self.wait_for_value("region", "south")
        self.wait_for_value("--rows", "5")
        self.wait_for_value("--colour", "$env:COLOUR")
        self.assertTrue(self.page.is_checked(f"{field('--message')} input[type=checkbox]"))
        values = self.page.locator(f"{field('--pairs')} input").evaluate_all("all => all.map(one => one.value)")
        self.assertEqual(values, ["1", "2"])

    def test_a_text_that_the_form_cannot_show_stays_and_is_told(self) -> None:
        self.open(make_task("ez_form", "north"))
        self.page.fill(TEXT, "north, --nothing 1")
        self.page.locator(".ez-arg-note", has_text="cannot show this text").wait_for()
        self.assertIn("--nothing", self.texts(".ez-arg-all-errors li")[0])
        self.assertTrue(self.page.locator(f"{field('region')} input").is_disabled())
        self.assertEqual(self.page.input_value(TEXT), "north, --nothing 1")
        self.page.fill(TEXT, "west")
        self.wait_for_value("region", "west")
        self.assertFalse(self.page.locator(f"{field('region')} input").is_disabled())

    def test_errors_are_told_at_their_fields(self) -> None:
        self.open(make_task("ez_form", "north"))
        self.page.fill(f"{field('--rows')} input", "many")
        self.page.locator(f"{field('--rows')} .ez-arg-errors li").wait_for()
        self.assertIn("invalid int value: 'many'", self.texts(f"{field('--rows')} .ez-arg-errors li")[0])
        self.assertEqual(self.page.get_attribute(f"{field('--rows')} input", "aria-invalid"), "true")
        described = self.page.get_attribute(f"{field('--rows')} input", "aria-describedby") or ""
        for name in described.split():
            self.assertEqual(self.page.locator(f"[id='{name}']").count(), 1)
        self.page.fill(f"{field('region')} input", "")
        self.page.locator(f"{field('region')} .ez-arg-errors li").wait_for()
        self.page.click("[name=_continue] >> visible=true >> nth=-1")
        self.page.locator(".errornote").first.wait_for()
        self.page.locator(f"{field('region')} .ez-arg-errors li").wait_for()
        self.page.locator(f"{field('--rows')} .ez-arg-errors li").wait_for()

    def test_what_was_just_typed_is_saved(self) -> None:
        task = make_task("ez_form", "north")
        self.open(task)
        self.page.fill(f"{field('region')} input", "east")
        self.page.press(f"{field('region')} input", "Enter")
        self.page.locator(".messagelist .success").wait_for()
        task.refresh_from_db()
        self.assertEqual(task.arguments, "east")

    def test_subcommands_bring_their_fields(self) -> None:
        self.open(make_task("ez_branch", "clean"))
        self.wait_for_value("verb", "clean")
        self.page.locator(field("clean --force")).wait_for()
        self.page.select_option(f"{field('verb')} > select", "copy")
        self.page.fill(f"{field('copy source')} input", "a b")
        self.page.fill(f"{field('copy --depth')} input", "2")
        self.wait_for_text('copy, --depth 2, "a b"')

    def test_django_s_options_are_folded(self) -> None:
        self.open(make_task("ez_form", "north"))
        self.assertFalse(self.page.locator(field("--verbosity")).is_visible())
        self.page.click(f"{FORM} summary")
        self.page.select_option(f"{field('--verbosity')} select", "2")
        self.wait_for_text("--verbosity 2, north")
        self.assertTrue(self.page.locator(field("--verbosity")).is_visible())

    def test_the_text_alone_serves_without_the_endpoint(self) -> None:
        self.page.route("**/argument-form/", lambda route: route.abort())
        task = make_task("ez_form", "north")
        self.go(reverse("admin:eztaskmanager_task_change", args=[task.pk]))
        self.page.locator(".ez-arg-note", has_text="cannot be had").wait_for()
        self.page.fill(TEXT, "south")
        self.page.click("[name=_continue] >> visible=true >> nth=-1")
        self.page.locator(".messagelist .success").wait_for()
        task.refresh_from_db()
        self.assertEqual(task.arguments, "south")

    def test_a_task_is_launched_with_other_arguments(self) -> None:
        task = make_task("ez_form", "north", name="Go")
        self.open_launch_page(task)
        self.page.fill(f"{field('region')} input", "south")
        self.page.click(".submit-row input")
        self.page.locator("#ez-viewer").wait_for()
        self.assertEqual(LaunchReport.objects.get().arguments, "south")

    def test_words_confirm_a_launch(self) -> None:
        task = make_task("ez_form", "north", name="Danger")
        task.command.confirmation = "import now"
        task.command.save()
        self.open(task)
        self.page.click("[name=_start-task]")
        self.page.locator("#id_confirmation").wait_for()
        self.page.click(".submit-row input")
        self.page.locator(".errornote").wait_for()
        self.assertFalse(LaunchReport.objects.exists())
        self.page.fill("#id_confirmation", "import now")
        self.page.click(".submit-row input")
        self.page.locator("#ez-viewer").wait_for()
        self.assertEqual(LaunchReport.objects.count(), 1)

    def test_pages_fit_a_small_screen(self) -> None:
        self.page.set_viewport_size({"width": 390, "height": 800})
        text = "north, a b, --pairs 1 2, --token x, --tag some-long-word-that-does-not-break-anywhere-at-all-in-here"
        task = make_task("ez_form", text, name="Narrow")
        for show in (self.open, self.open_launch_page):
            show(task)
            self.wait_for_value("region", "north")
            self.assertEqual(self.page.evaluate("document.documentElement.scrollWidth"), 390)
