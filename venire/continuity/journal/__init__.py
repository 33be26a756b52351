"""The journal on its way out of the host: segments, stores, who may ship."""
