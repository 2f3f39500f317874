"""Values, geometry and errors that every other package shares."""
