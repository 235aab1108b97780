import contextlib
import io
import time

import pytest
from PIL import Image
from reportlab.pdfgen import canvas
from werkzeug.datastructures import FileStorage

from appliance.school import policy
from appliance.services import work
from appliance.services.media import documents, files, kinds, store
from appliance.services.media.models import Media, Rendition
from tests.services.media import samples
from tests.services.media.test_pictures import corners, same
from tests.support.needs import needs


def pdf(pages=3, size=(400, 600)) -> bytes:
    """A real PDF whose first page is red above and blue below."""
    output = io.BytesIO()
    sheet = canvas.Canvas(output, pagesize=size)
    for number in range(pages):
        sheet.setFillColorRGB(0, 0, 1)
        sheet.rect(0, 0, size[0], size[1], stroke=0, fill=1)
        sheet.setFillColorRGB(1, 0, 0)
        sheet.rect(0, size[1] / 2, size[0], size[1] / 2, stroke=0, fill=1 if number == 0 else 0)
        sheet.showPage()
    sheet.setAuthor("AuteurSecret")
    sheet.save()
    return output.getvalue()


def written(*objects: bytes) -> bytes:
    """A PDF of these objects, the first one its catalogue."""
    body, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + b"".join(
        b"%010d 00000 n \n" % at for at in places
    )
    end = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    return body + table + end


def page(box=b"[0 0 200 300]", content=b"0 0 1 rg 0 0 200 300 re f", *more: bytes, resources=b"") -> bytes:
    """A PDF of one page with this content stream."""
    stream = b"<</Length %d>>stream\n%s\nendstream" % (len(content), content)
    first = b"<</Type/Page/Parent 2 0 R/MediaBox%s/Contents 4 0 R/Resources<<%s>>>>" % (box, resources)
    return written(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>", first, stream, *more)


def endless() -> bytes:
    """Forms that draw forms, ten times each: ten thousand million strokes on one page."""
    forms = []
    for level in range(10):
        names = b"/N %d 0 R" % (6 + level)
        content = b"0 0 1 1 re f" if level == 9 else b"/N Do " * 10
        resources = b"" if level == 9 else b"/Resources<</XObject<<%s>>>>" % names
        form = b"<</Type/XObject/Subtype/Form/BBox[0 0 200 300]%s/Length %d>>stream\n%s\nendstream"
        forms.append(form % (resources, len(content), content))
    return page(b"[0 0 200 300]", b"/N Do", *forms, resources=b"/XObject<</N 5 0 R>>")


def first_page(data):
    source = io.BytesIO(data)
    return documents.draw_first_page(kinds.identify(source), source)


def test_the_first_page_of_a_pdf_is_drawn_in_two_sizes_and_its_pages_are_counted():
    needs("pdftoppm")
    drawn, pages = first_page(pdf())
    assert pages == 3
    assert [(item.name, item.width, item.height) for item in drawn] == [("preview", 800, 1200), ("thumb", 213, 320)]
    for item in drawn:
        assert same(corners(item), [(255, 0, 0), (255, 0, 0), (0, 0, 255), (0, 0, 255)], 16)
        assert b"Secret" not in item.data


@pytest.mark.parametrize(
    "box", [b"[0 0 14400000 14400000]", b"[0 0 1 14400]", b"[0 0 99999999999 1]", b"[-1e30 0 1e30 1e30]"]
)
def test_a_page_of_any_size_gives_a_small_picture_or_none(box):
    needs("pdftoppm")
    begun = time.monotonic()
    drawn, _pages = first_page(page(box))
    assert all(max(item.width, item.height) <= 1200 for item in drawn)
    assert time.monotonic() - begun < 2 * documents._SECONDS


@pytest.mark.slow
def test_a_pdf_that_draws_for_ever_is_stopped(monkeypatch):
    needs("pdftoppm")
    monkeypatch.setattr(documents, "_SECONDS", 1)
    begun = time.monotonic()
    drawn, pages = first_page(endless())
    assert (list(drawn), pages) == ([], 1)
    assert time.monotonic() - begun < 10


def test_a_pdf_behind_a_password_has_no_preview_and_is_no_failure():
    needs("pdftoppm")
    from reportlab.lib.pdfencrypt import StandardEncryption

    output = io.BytesIO()
    sheet = canvas.Canvas(output, encrypt=StandardEncryption("secret", canPrint=0))
    sheet.drawString(100, 100, "x")
    sheet.save()
    assert list(first_page(output.getvalue())[0]) == []


def test_without_poppler_a_pdf_is_a_document_all_the_same(world, monkeypatch):
    def missing(_argv, **_options):
        raise documents.programs.MissingProgram("pdftoppm")

    monkeypatch.setattr(documents.programs, "run", missing)
    media = sent(world, pdf(), "a.pdf")
    work.run_due()
    assert names_of(media) == ["original"]


THUMBNAIL = samples.saved(samples.scene((128, 96)), "PNG", exif=samples.exif())


@pytest.mark.parametrize(
    "data",
    [
        samples.odf("text", ("Thumbnails/thumbnail.png", THUMBNAIL)),
        samples.odf("presentation", ("Thumbnails/thumbnail.png", THUMBNAIL)),
        samples.ooxml("wordprocessingml.document", ("docProps/thumbnail.jpeg", samples.jpeg((128, 96)))),
        samples.ooxml("presentationml.presentation", ("docProps/thumbnail.jpeg", samples.jpeg((128, 96)))),
    ],
)
def test_the_thumbnail_inside_an_office_document_is_drawn_anew(data):
    drawn, pages = first_page(data)
    assert pages is None
    assert [(item.name, item.width) for item in drawn] == [("preview", 128), ("thumb", 128)]
    assert same(corners(drawn["thumb"]), [(220, 0, 0), (0, 180, 0), (0, 0, 220), (255, 255, 255)], 20)
    assert b"Secret" not in drawn["preview"].data


@pytest.mark.parametrize(
    "thumbnail",
    [b"", b"<svg/>", samples.png_bomb(), THUMBNAIL[:100], b"\x89PNG" + bytes(5_000_000), samples.SCRIPT],
)
def test_a_hostile_thumbnail_is_left_out(thumbnail):
    drawn, _pages = first_page(samples.odf("text", ("Thumbnails/thumbnail.png", thumbnail)))
    assert list(drawn) == []


def test_a_thumbnail_that_lies_about_its_size_is_read_no_further():
    data = bytearray(samples.odf("text", ("Thumbnails/thumbnail.png", THUMBNAIL + bytes(9_000_000))))
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = (1000).to_bytes(4, "little")  # APPNOTE 4.3.12: the size once unpacked
    with contextlib.suppress(documents.FileRefused):
        assert list(first_page(bytes(data))[0]) == []


# In a class


def sent(world, data: bytes, name: str) -> Media:
    actor = world.actor("teacher")
    access = policy.get_access(actor, world.cm1.public_id)
    return store.accept(actor, access, [FileStorage(io.BytesIO(data), filename=name)])[0]


def names_of(media) -> list[str]:
    rows = Rendition.select(Rendition.name).join(Media).where(Media.public_id == media.public_id)
    return sorted(row.name for row in rows)


def content_of(media, rendition) -> bytes:
    with contextlib.closing(files.open_rendition(files.get_rendition(media.public_id, rendition))) as reader:
        return reader.read()


def test_a_document_is_there_at_once_and_its_preview_comes_after(world):
    needs("pdftoppm")
    data = pdf(2)
    media = sent(world, data, "Sortie.pdf")
    assert (media.state, names_of(media)) == ("ready", ["original"])
    before = policy.revision(f"class:{world.cm1.id}")
    assert work.run_due() == 1
    assert names_of(media) == ["original", "preview", "thumb"]
    assert content_of(media, "original") == data
    assert Image.open(io.BytesIO(content_of(media, "preview"))).size == (800, 1200)
    found = Media.get(Media.public_id == media.public_id)
    stored = sum(row.stored_size for row in found.renditions)
    assert (found.state, found.pages, found.bytes) == ("ready", 2, stored)
    policy.forget()
    assert policy.revision(f"class:{world.cm1.id}") > before
    work.submit(documents.PREVIEW, media.public_id)
    work.run_due()
    assert names_of(media) == ["original", "preview", "thumb"]


def test_a_text_asks_for_no_preview(world):
    media = sent(world, b"Liste\n", "liste.txt")
    assert (media.state, work.run_due()) == ("ready", 0)


def test_a_document_deleted_while_it_was_drawn_leaves_nothing(world, monkeypatch):
    media = sent(world, samples.odf("text", ("Thumbnails/thumbnail.png", THUMBNAIL)), "a.odt")
    draw = documents.draw_first_page

    def deleted_meanwhile(*arguments, **options):
        drawn = draw(*arguments, **options)
        store.delete(world.actor("teacher"), media.public_id)
        return drawn

    monkeypatch.setattr(documents, "draw_first_page", deleted_meanwhile)
    work.run_due()
    assert not list(world.blobs.list_files())


def test_a_document_that_came_in_pieces_is_kept_byte_for_byte(world):
    needs("pdftoppm")
    data = pdf(1) + b"\n" * 3
    media = sent(world, data, "a.pdf")
    row = files.get_media(media.public_id)
    writer = files.writer_for(row)

    class Still:
        def progress(self, percent=None):
            pass

    values = documents.process_document(row, io.BytesIO(data), writer, Still())
    assert values == {"pages": 1}
    assert [each["name"] for each in writer.renditions] == ["original", "preview", "thumb"]
    assert writer.renditions[0]["size"] == len(data)
    writer.remove()
