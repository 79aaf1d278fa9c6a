"""Records: what is written and read again, typed, each with a format; a format that is not known is refused."""
