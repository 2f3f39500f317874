"""Clips to frames, detections, tracks and overlays."""
