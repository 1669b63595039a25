from datetime import UTC, datetime
from io import BytesIO

import pytest
from PIL import Image

from capto.catalogue.labels import Label, command_labels, labels_page, labels_pdf
from capto.catalogue.models import Kit, KitModel, LendingPoint
from capto.catalogue.photos import LONGEST_SIDE, NoPhoto, clean_photo
from capto.members.codes import CodeKind, Command, read_code
from capto.members.pdf import laid_out, pdf_of

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def _labels(count: int) -> list[Label]:
    return [Label(f"K-{n:05d}-X", "Particules dehors", "Air du Lac", f"K-{n:05d}-X") for n in range(count)]


def test_twenty_four_labels_fill_one_sheet_and_one_more_begins_the_next() -> None:
    assert len(laid_out(labels_page(_labels(24))).pages) == 1
    assert len(laid_out(labels_page(_labels(25))).pages) == 2
    assert len(laid_out(labels_page(_labels(20), skip=5)).pages) == 2
    assert labels_pdf(_labels(1)).startswith(b"%PDF-")


def test_the_orders_of_the_desk_are_readable_codes() -> None:
    codes = [read_code(label.content) for label in command_labels()]
    assert [code.kind for code in codes] == [CodeKind.COMMAND] * 3
    assert [code.text[2:7] for code in codes] == [*Command]


@pytest.mark.django_db
def test_a_new_kit_gets_the_next_number(kit_model: KitModel, point: LendingPoint) -> None:
    first, second = (Kit.add(kit_model, point=point, now=NOW).code for _n in range(2))
    assert int(second[2:7]) > int(first[2:7])


def test_a_printed_page_fetches_nothing() -> None:
    pdf = pdf_of('<title>x</title><p>texte</p><img src="file:///etc/passwd" alt="">')
    assert pdf.startswith(b"%PDF-") and b"root:" not in pdf


def _photo(size: tuple[int, int] = (3000, 2000)) -> bytes:
    image = Image.new("RGB", size, "navy")
    exif = image.getexif()
    exif[0x8825] = {1: "N", 2: (45.0, 54.0, 3.1)}  # GPS
    exif[0x010F] = "TelephoneDeLaVoisine"
    out = BytesIO()
    image.save(out, "JPEG", exif=exif)
    return out.getvalue()


def test_a_photo_loses_where_it_was_taken_and_its_size() -> None:
    before = _photo()
    assert b"TelephoneDeLaVoisine" in before
    after = clean_photo(before).read()
    with Image.open(BytesIO(after)) as image:
        assert not image.getexif() and max(image.size) == LONGEST_SIDE
    assert b"Exif" not in after and b"TelephoneDeLaVoisine" not in after


@pytest.mark.parametrize("content", [b"", b"<svg onload=alert(1)>", b"\xff\xd8\xff" + b"x" * 50])
def test_what_is_no_photo_is_refused(content: bytes) -> None:
    with pytest.raises(NoPhoto):
        clean_photo(content)


def test_a_photo_of_too_many_points_is_refused() -> None:
    out = BytesIO()
    Image.new("1", (10_000, 6_000)).save(out, "PNG")
    with pytest.raises(NoPhoto):
        clean_photo(out.getvalue())
