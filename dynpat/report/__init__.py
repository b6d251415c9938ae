"""Self-contained pages: videos that play in step, pictures, tables and curves."""
