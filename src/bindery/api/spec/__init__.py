"""The API model: the vendor's operations, and the corrections and extensions on top."""
