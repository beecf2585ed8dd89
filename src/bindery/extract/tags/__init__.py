"""Tags of pictures: TIFF directories, EXIF, GPS, XMP, and the fields made of them."""
