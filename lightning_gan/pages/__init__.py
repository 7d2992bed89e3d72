"""Pages that a run leaves behind: whole in one file, without a remote request, and everything on them escaped."""
