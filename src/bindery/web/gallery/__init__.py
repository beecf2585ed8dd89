"""The files of a dataset as people look at them: gallery, search, and a page a file."""

from bindery.web.gallery import file_page, gallery, media

ROUTES = (*gallery.ROUTES, *file_page.ROUTES, *media.ROUTES)

__all__ = ["ROUTES"]
