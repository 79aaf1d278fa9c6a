"""Records: the files that are written and read again, each a typed class with a format number. Unknown formats are refused."""
