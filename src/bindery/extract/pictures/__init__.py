"""Pictures and camera raws: size, tags, position and time, from their headers."""
