"""The files of a dataset as people look at them: gallery, search, and a page a file."""

from bindery.web.gallery import around, bulk, file_page, gallery, media, saved, search_pages, sections

ROUTES = (
    *gallery.ROUTES,
    *file_page.ROUTES,
    *around.ROUTES,
    *media.ROUTES,
    *saved.ROUTES,
    *search_pages.ROUTES,
    *sections.ROUTES,
    *bulk.ROUTES,
)

__all__ = ["ROUTES"]
