"""Posts and where they are seen: timelines, threads, notifications, counts, the search feed."""
