"""Metadata extraction: media types, one pure function per kind of file, and the worker pool."""
