"""Archives: how many entries they hold, without unpacking them."""
