"""The API models, a folder a product: the vendor's operations, and the corrections and extensions on top."""
