"""Projects and regions."""
