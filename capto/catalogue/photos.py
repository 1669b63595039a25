"""Photos as they are kept: turned upright, made smaller, and without where and when they were taken."""

from io import BytesIO

from django.core.files.base import ContentFile
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

LONGEST_SIDE = 1_600  # pixels; a label stays readable
MOST_PIXELS = 50_000_000  # a telephone takes 12 to 50 million; more is an attack on the memory
MOST_BYTES = 15_000_000


class NoPhoto(ValueError):
    """The file is no picture that can be kept; the text says why, for its sender."""


def clean_photo(content: bytes) -> "ContentFile[bytes]":
    """Decode a picture and write it anew as JPEG: EXIF, position and anything hidden after it are gone.

    Raises NoPhoto where it is no picture, or too large.
    """
    if len(content) > MOST_BYTES:
        raise NoPhoto(_("Cette photo dépasse 15 Mo. Envoyez-la plus petite."))
    try:
        with Image.open(BytesIO(content)) as image:
            if image.width * image.height > MOST_PIXELS:
                raise NoPhoto(_("Cette photo a trop de points. Envoyez-la plus petite."))
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if isinstance(error, NoPhoto):
            raise
        raise NoPhoto(_("Ce fichier n’est pas une photo que nous savons lire (JPEG, PNG, WebP).")) from error
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    out = BytesIO()
    upright.save(out, "JPEG", quality=82, optimize=True)
    return ContentFile(out.getvalue(), name="photo.jpg")
