"""What others may listen to; the models send, the services and the host project receive.

`run_queued(report)`: a report waits to be handed to the engine.
`run_cancelled(report)`: it was stopped before a worker had it.
`run_started(report)`: a worker has claimed it and is about to run its command.
`run_ended(report, retry)`: a run ended, or was skipped; inside the transaction of that, which a receiver that raises
undoes. `retry` is the report of the next attempt, or None.
`run_finished(report)`: it is over, whichever way, whether or not it ever ran; the database knows.
`ride_planned(task)`: the next ride was set, moved or dropped.
`task_acted(task, by, action, report)`: someone launched, stopped, paused or resumed; inside the transaction of that.
`action` is a key of `eztaskmanager.services.audit.SENTENCES`, `report` the run it is about, or None.
The sender is the model class. Receivers of `run_queued` and `task_acted` run inside the caller's request.
"""

from __future__ import annotations

from django.dispatch import Signal

run_queued = Signal()
run_cancelled = Signal()
run_ended = Signal()
run_started = Signal()
run_finished = Signal()
ride_planned = Signal()
task_acted = Signal()
