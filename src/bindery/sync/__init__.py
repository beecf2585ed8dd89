"""The life of a binding: states, full scan, change following, reconciliation, deletion guard."""
