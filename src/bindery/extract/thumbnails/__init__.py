"""Small pictures of files, made in worker processes."""
