"""What projects use."""
