"""A command that fails, with a traceback to read."""

from __future__ import annotations

import time
from typing import Any

from eztaskmanager.services.logger import LoggerEnabledCommand


class Command(LoggerEnabledCommand):
    """Pretends to talk to a partner that does not answer."""

    help = "Talk to a partner who does not answer (it fails each time)."

    def handle(self, *args: Any, **options: Any) -> None:
        """Try, and fail."""
        self.logger.info("Asking the partner for news.")
        time.sleep(1)
        raise ConnectionError("The partner hung up.")
