"""The catalogue of tasks, the queue and its runners."""
