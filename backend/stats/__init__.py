"""Statistics of results, with numpy and scipy only: the same for pages and jobs."""
