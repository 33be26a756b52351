"""The same load on sites side by side: they speak HTTP to a running site, nothing else."""
