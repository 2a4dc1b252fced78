"""The viewer in a browser: how soon it shows something, how smoothly it scrolls, and how much memory it takes."""

from __future__ import annotations

import os
import statistics
from typing import Any

from surroundings import live_server

PATIENCE = 60_000
FRAMES = 120
# Scrolls by a page a frame, through parts of the log that have to be fetched, and gives the time of each frame.
SCROLL = """frames => new Promise(resolve => {
  const box = document.getElementById('ez-log');
  const times = [];
  let last = performance.now();
  function next(now) {
    times.push(now - last);
    last = now;
    if (times.length > frames) { resolve(times.slice(1)); return; }
    box.scrollTop = Math.max(0, box.scrollTop - box.clientHeight);
    requestAnimationFrame(next);
  }
  requestAnimationFrame(next);
})"""
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
HAS_LINES = "() => document.querySelectorAll('#ez-lines .ez-message').length > 10"


def measure_page(vendor: str, reports: dict[int, Any]) -> None:
    """Open the page of each report, and print what it costs at the first size and at the last."""
    from eztaskmanager.tests import services

    try:
        path = services.browser_path()
        from playwright.sync_api import sync_playwright
    except (services.ServiceMissing, ImportError) as exc:
        print(f"{vendor}: without the page: {exc}")
        return
    # Playwright keeps an event loop in this thread, in which Django would refuse to ask the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    # Before it does: a connection that is opened inside that loop outlives it.
    session = _log_in()
    with live_server() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        costs = {size: _measure(browser, url, session, report) for size, report in reports.items()}
        browser.close()
    (small, at_small), (large, at_large) = costs.items()
    for name, (value, unit) in at_small.items():
        other = at_large[name][0]
        print(
            f"{vendor}: {name}: {value:.1f} {unit} at {small:,} lines, {other:.1f} {unit} at {large:,}:"
            f" {other / value:.2f} times"
        )


def _log_in() -> str:
    from django.contrib.auth import get_user_model
    from django.test import Client

    client = Client()
    client.force_login(get_user_model().objects.get(username="bench"))
    return str(client.cookies["sessionid"].value)


def _measure(browser: Any, url: str, session: str, report: Any) -> dict[str, tuple[float, str]]:
    from django.urls import reverse

    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE)
    context.add_cookies([{"name": "sessionid", "value": session, "url": url}])
    page = context.new_page()
    address = f"{url}{reverse('eztaskmanager:live_log_viewer', args=[report.pk])}"
    paints = []
    for _ in range(3):
        page.goto(address)
        page.wait_for_function(PAINT)
        paints.append(page.evaluate(PAINT))
        page.wait_for_function(HAS_LINES)
    frames = sorted(page.evaluate(SCROLL, FRAMES))
    page.wait_for_function(HAS_LINES)
    devtools = context.new_cdp_session(page)
    devtools.send("HeapProfiler.collectGarbage")
    heap = devtools.send("Runtime.getHeapUsage")["usedSize"]
    context.close()
    return {
        "first paint": (statistics.median(paints), "ms"),
        "median frame of scrolling": (statistics.median(frames), "ms"),
        "95th percentile of frames": (frames[int(len(frames) * 0.95)], "ms"),
        "memory of the page's script": (heap / 2**20, "MiB"),
    }
