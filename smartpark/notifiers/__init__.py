"""Notifier plug-ins."""
