"""Videos and audio files: format, streams, tags and covers, from their containers."""
