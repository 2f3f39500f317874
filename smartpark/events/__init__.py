"""Rules that turn tracks into events."""
