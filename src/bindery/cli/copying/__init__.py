"""What ``bindery copy`` does: the way from one IMM endpoint to another, over the API alone."""
