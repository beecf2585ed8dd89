"""Accounts, access keys, policies, and decisions that carry their reason. Knows nothing of HTTP."""
