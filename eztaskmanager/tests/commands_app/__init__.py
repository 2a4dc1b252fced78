"""An app, installed only where tests run, whose commands do what commands in the wild do."""
