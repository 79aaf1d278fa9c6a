"""Tables on disk: delimited text, Parquet and JSON, read into typed columns, and the expectations that their rows must meet."""
