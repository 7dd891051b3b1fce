"""A folder a page: its Python, modules and styles."""
