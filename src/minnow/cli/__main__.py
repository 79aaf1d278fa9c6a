"""Runs the command line as `python -m minnow.cli`."""

from minnow.cli import main

if __name__ == "__main__":
    main()
