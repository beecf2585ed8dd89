"""The fixture of the tests of drawing."""

from tests.extract.thumbnails.drawer import drawer

__all__ = ["drawer"]
