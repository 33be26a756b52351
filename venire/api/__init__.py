"""The API's face: Mastodon's client API and our own endpoints. `routes.py` lists every route."""
