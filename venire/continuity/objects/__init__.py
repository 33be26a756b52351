"""Files of posts and notices in several stores, and mirrors that show no more than the site."""
