"""The API: the gateway chain, the vendor's model, signatures, errors, and one file per operation."""
