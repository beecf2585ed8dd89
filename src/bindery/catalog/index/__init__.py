"""The index: typed columns in DuckDB that follow the record and answer queries."""
