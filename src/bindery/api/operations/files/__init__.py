"""Metadata of files: explicit indexing, reading, changing, removing, detecting."""
