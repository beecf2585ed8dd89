"""Programs that make a call: one description of the call, and a template for each language."""
