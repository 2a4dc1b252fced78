"""System checks: each fault in the settings has its id and its sentence."""

from __future__ import annotations

from typing import Any

from django.core.checks import run_checks
from django.test import SimpleTestCase, override_settings


class CheckTests(SimpleTestCase):
    def ids(self, **settings: Any) -> list[str]:
        with override_settings(**{f"EZTASKMANAGER_{name}": value for name, value in settings.items()}):
            return sorted(str(found.id) for found in run_checks() if str(found.id).startswith("eztaskmanager."))

    def test_the_projects_own_settings_are_in_order(self) -> None:
        self.assertEqual(self.ids(), [])

    def test_a_deployment_that_opens_the_whole_environment_is_warned(self) -> None:
        def warned() -> bool:
            return any(found.id == "eztaskmanager.W011" for found in run_checks(include_deployment_checks=True))

        self.assertTrue(warned())
        with override_settings(EZTASKMANAGER_ENVIRONMENT_VARIABLES=["PARTNER_*"]):
            self.assertFalse(warned())

    def test_each_fault_is_found(self) -> None:
        for settings, expected in (
            ({"QUEUE_SERVICE_TYPE": "Pigeons"}, ["eztaskmanager.E001"]),
            ({"QUEUE_SERVICE_TYPE": "no.such.Service"}, ["eztaskmanager.E001"]),
            ({"ISOLATION": "none"}, ["eztaskmanager.E010"]),
            ({"LOST_AFTER": 0}, ["eztaskmanager.E011"]),
            ({"STOP_GRACE": "soon", "N_REPORTS_INLINE": True}, ["eztaskmanager.E011", "eztaskmanager.E011"]),
            ({"SECRET_OPTIONS": "password"}, ["eztaskmanager.E013"]),
            ({"ENVIRONMENT_VARIABLES": [7]}, ["eztaskmanager.E013"]),
            ({"TASKS": 7}, ["eztaskmanager.E050"]),
            ({"TASKS": "no/such/file.json"}, ["eztaskmanager.E051"]),
            ({"TASKS": {"tasks": [{}], "task": []}}, ["eztaskmanager.E052"] * 3),
            ({"TASKS": {"tasks": [{"name": "a", "command": "nowhere"}]}}, ["eztaskmanager.E053"]),
            ({"MAX_LOG_LINES": 0, "MAX_LINE_LENGTH": "1", "N_REPORTS_KEPT": -1}, ["eztaskmanager.E012"] * 3),
            ({"N_FAILED_REPORTS_KEPT": 0, "KEEP_DAYS": 1.5, "MAX_LOG_ROWS": True}, ["eztaskmanager.E012"] * 3),
            ({"METRICS_WINDOW": -1}, ["eztaskmanager.E011"]),
            ({"METRICS_WINDOW": 10**12, "LOST_AFTER": 10**15}, ["eztaskmanager.E011"] * 2),
            ({"LATE_AFTER": float("inf"), "STOP_GRACE": float("nan")}, ["eztaskmanager.E011"] * 2),
            ({"STUCK_FACTOR": 1e308, "N_REPORTS_INLINE": 1.5}, ["eztaskmanager.E011"] * 2),
            ({"KEEP_DAYS": 10**9, "KEEP_FAILED_DAYS": 10**9}, ["eztaskmanager.E012"] * 2),
            ({"N_REPORTS_KEPT": 10**20}, ["eztaskmanager.E012"]),
            ({"SECRET_OPTIONS": None}, ["eztaskmanager.E013"]),
            ({"SECRET_OPTIONS": iter(["password"])}, ["eztaskmanager.E013"]),
            ({"METRICS_MAX_TASKS": 10**20}, ["eztaskmanager.E041"]),
            ({"MONITORING_TOKEN": "short"}, ["eztaskmanager.E040"]),
            ({"MONITORING_TOKEN": b"bytes that are long enough"}, ["eztaskmanager.E040"]),
            ({"MONITORING_TOKEN": "è" * 30}, ["eztaskmanager.E040"]),
            ({"METRICS_MAX_TASKS": None}, ["eztaskmanager.E041"]),
            ({"KEEP_FAILED_DAYS": 30}, ["eztaskmanager.W042"]),
        ):
            with self.subTest(settings):
                self.assertEqual(self.ids(**settings), expected)

    def test_none_means_no_limit(self) -> None:
        self.assertEqual(self.ids(ENVIRONMENT_VARIABLES=None), [])
        self.assertEqual(self.ids(MAX_LOG_LINES=None, MAX_LINE_LENGTH=None, N_REPORTS_KEPT=None), [])

    @override_settings(ROOT_URLCONF="eztaskmanager.tests.test_checks")
    def test_a_project_without_the_log_viewers_addresses_is_warned(self) -> None:
        self.assertEqual(self.ids(), ["eztaskmanager.W001"])


urlpatterns: list[Any] = []
