"""Arguments of the commands, one command in each file."""
