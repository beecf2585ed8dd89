"""Tags as containers hold them: a reader for each kind of tag block, whose values nobody has refined yet."""
