"""The audit log: who did what, on what, from where, allowed or refused by which statement. Append-only JSON lines."""
