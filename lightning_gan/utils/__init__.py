"""General helpers: files, downloads, text, images and configs."""
