"""From slots to queued reports, and from queued reports to the engine."""
