"""Detector plug-ins."""
