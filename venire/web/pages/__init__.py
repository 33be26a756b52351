"""The pages, a file for each family; `web/routes.py` lists every one of them."""
