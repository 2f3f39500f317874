"""What a user comes to do, end to end: one module each."""
