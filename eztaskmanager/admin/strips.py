"""The strip of the last runs: one bar each, as high as it took long, coloured by its result.

The drawing has no style and no handler of its own, so that a strict policy lets it be; classes give the colours. A bar
is as high as its run took long, on a scale of the task's own (`durations.top_of_scale`). What has no duration, since it
waits or was skipped, is a stub; what goes on has the full height, which does not depend on the moment of drawing.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, ngettext

from eztaskmanager.admin.onlooker import Onlooker
from eztaskmanager.admin.recent import SHOWN, Recent
from eztaskmanager.durations import LONGER, SHORTER, top_of_scale
from eztaskmanager.models import LaunchReport
from eztaskmanager.views.facts import tell_duration, tell_end, tell_moment, tell_state

STEP, BAR = 5, 4
HEIGHT, ROOF = 28, 5
STUB, LEAST = 4, 3
LINK_END = SafeString("</a>")
IMAGE, IMAGE_END = SafeString('<g role="img">'), SafeString("</g>")


def draw_strip(recent: Recent, onlooker: Onlooker) -> SafeString:
    """Draw the last runs, the latest at the right; each is a link where the onlooker may follow it."""
    runs = recent.shown
    if not runs:
        return format_html('<span class="ez-quiet">{}</span>', _("no run yet"))
    top = top_of_scale(durations_of(runs))
    first = SHOWN - len(runs)
    bars = [_draw(run, recent, onlooker, (first + n) * STEP, top, n == len(runs) - 1) for n, run in enumerate(runs)]
    label = ngettext("The last run", "The last %(count)d runs", len(runs)) % {"count": len(runs)}
    return format_html(
        '<svg class="ez-strip" role="group" aria-label="{}" width="{}" height="{}" viewBox="0 0 {} {}">'
        '<path class="ez-strip-ground" d="M0 {}H{}"/>{}</svg>',
        label,
        *(SHOWN * STEP - 1, HEIGHT, SHOWN * STEP - 1, HEIGHT, HEIGHT - 0.5, SHOWN * STEP - 1),
        # Each was made by format_html.
        SafeString("".join(bars)),  # nosec B703
    )


def tell_bar(run: LaunchReport, verdict: str) -> str:
    """Say in one line what a bar stands for."""
    duration = tell_duration(run.duration) if run.is_over else ""
    parts = [tell_state(run), tell_moment(run.started_at or run.invocation_datetime), duration, tell_verdict(verdict)]
    return " · ".join(part for part in parts if part)


def tell_verdict(verdict: str) -> str:
    """Say whether a run took longer or shorter than usual; empty if it did not."""
    if verdict == LONGER:
        return _("longer than usual")
    return _("shorter than usual") if verdict == SHORTER else ""


def _draw(run: LaunchReport, recent: Recent, onlooker: Onlooker, x: int, top: float, is_last: bool) -> SafeString:
    verdict, height, address = recent.judge(run), _height(run, top), onlooker.address_of(run.pk)
    # The whole column can be pointed at, for a short bar is a small one.
    return format_html(
        '{}<title>{}</title><path class="ez-bar-room" d="M{} 0h{}v{}h-{}z"/>'
        '<rect class="ez-bar ez-bar-{}" x="{}" y="{}" width="{}" height="{}" rx="1"/>{}{}',
        # One stop for the Tab key in each row; the arrow keys go on from there.
        format_html('<a href="{}" tabindex="{}">', address, 0 if is_last else -1) if address else IMAGE,
        tell_bar(run, verdict),
        *(x, STEP, HEIGHT, STEP),
        *(tell_end(run), x, HEIGHT - height, BAR, height),
        format_html('<circle class="ez-bar-mark" cx="{}" cy="2" r="2"/>', x + BAR / 2) if verdict else "",
        LINK_END if address else IMAGE_END,
    )


def _height(run: LaunchReport, top: float) -> int:
    if run.state == LaunchReport.State.STARTED:
        return HEIGHT - ROOF
    if run.duration is None:
        return STUB
    share = min(1.0, run.duration.total_seconds() / top)
    return max(LEAST, round(share * (HEIGHT - ROOF)))


def durations_of(runs: Sequence[LaunchReport]) -> list[float]:
    """Give the seconds of those that began and ended."""
    return [run.duration.total_seconds() for run in runs if run.is_over and run.duration is not None]
