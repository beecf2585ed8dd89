"""Worker processes: jobs run isolated, limited in time and memory, in fair turns, and are told file by file."""
