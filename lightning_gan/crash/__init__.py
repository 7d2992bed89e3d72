"""The recorded steps again, and which tensor went bad first."""
