"""One file per resource; `api/application.py` lists them."""
