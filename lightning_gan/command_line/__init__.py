"""What a person types, what may be named, and what is said: the only rooms that know all others."""
