"""The live page: where the files lie that `make` builds of `web/`."""

from pathlib import Path
from typing import Final

BUILT: Final = Path(__file__).parent / "web" / "dist"
"""`index.html`, `assets/` with names that change with their content, and each again as `.gz`. May not be there."""
