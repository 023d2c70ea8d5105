"""One choice of a list or of radio buttons, for the forms of both windows."""

from __future__ import annotations

# newer than the stubs of WTForms, so it is named in one place only
from wtforms.fields.choices import SelectChoice as SelectChoice  # type: ignore[attr-defined]
