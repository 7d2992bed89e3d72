"""Figures and animations from numbers, as bytes."""
