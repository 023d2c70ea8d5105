"""The reports' tests may ask for a desk whose log is kept, too."""

from tests.tlog.conftest import logged, short

__all__ = ["logged", "short"]
