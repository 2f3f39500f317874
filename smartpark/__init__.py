"""SmartPark: footage, guide, signals, learning and operations for a smart park."""

__all__ = ["__version__"]

__version__ = "0.1.0"
