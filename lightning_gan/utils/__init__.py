"""Helpers without a subject of their own: files, downloads, text, images, configs."""
