"""Documents: properties, counts and text."""
