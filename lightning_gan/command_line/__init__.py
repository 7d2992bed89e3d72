"""What a person types, what may be named, and what is said; it may know every room."""
