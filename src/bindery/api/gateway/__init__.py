"""The chain from an HTTP request to its answer: the server, the gateway's steps, signatures, rendering."""
