"""Rule plug-ins, one module each."""
