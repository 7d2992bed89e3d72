"""Command line: parser, commands and error messages."""
