"""Commands worth launching."""
