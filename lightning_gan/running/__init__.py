"""What of a run is on disk: its folder, its rows, who writes, what it goes on from."""
