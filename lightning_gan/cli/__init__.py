"""The command line: the parser, the commands, and the sentences that errors become."""
