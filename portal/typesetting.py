"""How HTML becomes one sheet of A4: an archival, tagged PDF (PDF/A-2a and PDF/UA-1) drawn with nothing but our own fonts.

Importing this takes a second and 60 MB, so only what paints imports it.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, NoReturn, cast
from xml.sax.saxutils import escape

from fontTools.ttLib import TTFont
from weasyprint import CSS, HTML
from weasyprint.document import DocumentMetadata
from weasyprint.pdf import tags
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

FONTS = Path(__file__).resolve().parent / "fonts"
# In the order in which paper.css asks for them; the bold cuts draw the same characters.
TEXT_FONTS = ("NotoSansJP-Regular.ttf", "NotoSans-Regular.ttf")
SHEETS = Path(__file__).resolve().parent / "templates" / "papers"
ASSETS = {
    "asset:paper.css": ("text/css", SHEETS / "paper.css"),
    "asset:report.css": ("text/css", SHEETS / "report.css"),
}
ARCHIVAL = "pdf/a-2a"
GETA = "\N{GETA MARK}"
# Marks that are not seen but reorder or hide what is: on a paper they could make a name read as another one.
INVISIBLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs"})
SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
# What a file says of itself, beside what the library writes: PDF/UA, and for a paper its code and the newest signed head of
# the audit log. They stand uncompressed, so that anybody finds them without reading the PDF.
PAPER = "http://ns.kaijo.example/paper/1.0/"
DESCRIBED = """<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#"
 xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/"><pdfuaid:part>1</pdfuaid:part><pdfaExtension:schemas><rdf:Bag>
{schemas}</rdf:Bag></pdfaExtension:schemas></rdf:Description>{own}"""
OWN = '<rdf:Description rdf:about="" xmlns:paper="{uri}">{said}</rdf:Description>'
SCHEMA = """<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>{name}</pdfaSchema:schema>
<pdfaSchema:namespaceURI>{uri}</pdfaSchema:namespaceURI><pdfaSchema:prefix>{prefix}</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq>{properties}</rdf:Seq></pdfaSchema:property></rdf:li>
"""
PROPERTY = """<rdf:li rdf:parseType="Resource"><pdfaProperty:name>{name}</pdfaProperty:name>
<pdfaProperty:valueType>{type}</pdfaProperty:valueType><pdfaProperty:category>{category}</pdfaProperty:category>
<pdfaProperty:description>{description}</pdfaProperty:description></rdf:li>
"""
UA_SCHEMA = ("PDF/UA identification", "http://www.aiim.org/pdfua/ns/id/", "pdfuaid")
UA_PART = ("part", "Integer", "internal", "Part of the PDF/UA standard")
PAPER_SCHEMA = ("A paper that can be checked", PAPER, "paper")
PAPER_PROPERTIES = {
    "document": ("document", "Text", "external", "The code of the paper"),
    "head": ("head", "Text", "external", "The newest signed head of the audit log when it was issued"),
}

_one_at_a_time = Lock()


class DoesNotFit(Exception):
    """A paper needed more than one sheet, even in its tightest draft."""


class ForbiddenFetch(Exception):
    """A paper asked for something that is not one of its assets."""


class ClosedFetcher(URLFetcher):  # type: ignore[misc]
    """Serves the assets by their whole name. Everything else ends the painting: whatever a page tries to fetch, it
    tries for somebody else (files of this host, addresses inside its network)."""

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
        if url not in ASSETS:
            raise FatalURLFetchingError(f"a paper may not fetch {url!r}")
        kind, path = ASSETS[url]
        return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": f"{kind}; charset=utf-8"})

    def open(self, url: object, data: object = None, timeout: object = None) -> NoReturn:
        raise FatalURLFetchingError("a paper opens nothing")


class ArchivalMetadata(DocumentMetadata):  # type: ignore[misc]
    """Says that the file is PDF/UA-1 as well as PDF/A, and which paper it is; WeasyPrint writes one standard's name only."""

    def generate_rdf_metadata(self, *args: object) -> bytes:
        described: bytes = super().generate_rdf_metadata(*args)
        more = _description({name: self.custom.get(f"paper.{name}") for name in PAPER_PROPERTIES})
        return described.replace(b"</rdf:RDF>", more.encode() + b"</rdf:RDF>")

    def include_in_pdf(self, pdf: Any, variant: str, version: int, conformance: str, compress: bool) -> None:
        # uncompressed, so that archives find it without reading the PDF
        super().include_in_pdf(pdf, variant, version, conformance, False)


def _description(said: Mapping[str, str | None]) -> str:
    """What the file says of itself. `said` comes from the paper's <meta name="paper.…">."""
    known = {name: text for name, text in said.items() if text}
    schemas = _schema(UA_SCHEMA, [UA_PART])
    if known:
        schemas += _schema(PAPER_SCHEMA, [PAPER_PROPERTIES[name] for name in known])
    own = "".join(f"<paper:{name}>{escape(text)}</paper:{name}>" for name, text in known.items())
    return DESCRIBED.format(schemas=schemas, own=OWN.format(uri=PAPER, said=own) if own else "")


def _schema(named: tuple[str, str, str], properties: Iterable[tuple[str, str, str, str]]) -> str:
    name, uri, prefix = named
    each = (
        PROPERTY.format(name=one, type=kind, category=category, description=words)
        for one, kind, category, words in properties
    )
    return SCHEMA.format(name=name, uri=uri, prefix=prefix, properties="".join(each))


@dataclass(frozen=True)
class Legible:
    """Text that our fonts can draw, and what had to be done to it."""

    text: str
    missing: bool = False
    simplified: bool = False


def legible(text: str) -> Legible:
    """Replace what no font of ours draws by 〓, and a variant form that they lack by the character's standard form."""
    drawn, variants = _coverage()
    missing = simplified = False
    kept: list[str] = []
    for character in " ".join(text.splitlines()).replace("\t", " "):
        if any(ord(character) in block for block in SELECTORS):
            if kept and (ord(kept[-1]), ord(character)) in variants:
                kept.append(character)
            else:
                simplified = True
        elif ord(character) not in drawn or unicodedata.category(character) in INVISIBLE:
            missing = True
            kept.append(GETA)
        else:
            kept.append(character)
    return Legible("".join(kept), missing, simplified)


def one_sheet(drafts: Iterable[str]) -> bytes:
    """Print the first draft that fits on one sheet."""
    with _one_at_a_time:
        for html in drafts:
            try:
                printed = _printed(html)
            except FatalURLFetchingError as refused:
                # the library's own is no Exception: it would take a whole worker down with the paper
                raise ForbiddenFetch(str(refused)) from refused
            if printed is not None:
                return printed
    raise DoesNotFit


def _printed(html: str) -> bytes | None:
    page = HTML(string=html, url_fetcher=ClosedFetcher(), media_type="print")
    document = page.render(font_config=_fonts(), stylesheets=[_style()], pdf_variant=ARCHIVAL)
    if len(document.pages) != 1:
        return None
    document.metadata = ArchivalMetadata(**vars(document.metadata))
    return cast(bytes, document.write_pdf(pdf_variant=ARCHIVAL))


def many_sheets(html: str) -> bytes:
    """Print a report, in its own style, on as many sheets as it takes."""
    with _one_at_a_time:
        page = HTML(string=html, url_fetcher=ClosedFetcher(), media_type="print")
        try:
            document = page.render(font_config=_fonts(), stylesheets=[_report_style()], pdf_variant=ARCHIVAL)
        except FatalURLFetchingError as refused:
            raise ForbiddenFetch(str(refused)) from refused
        document.metadata = ArchivalMetadata(**vars(document.metadata))
        return cast(bytes, document.write_pdf(pdf_variant=ARCHIVAL))


@cache
def _coverage() -> tuple[frozenset[int], frozenset[tuple[int, int]]]:
    drawn: set[int] = set()
    variants: set[tuple[int, int]] = set()
    for name in TEXT_FONTS:
        with TTFont(FONTS / name, lazy=True) as font:
            # made-up names for the glyphs: to work out their own takes longer than all the rest
            font.setGlyphOrder([str(number) for number in range(font["maxp"].numGlyphs)])
            drawn |= font.getBestCmap().keys()
            for table in font["cmap"].tables:
                for selector, bases in getattr(table, "uvsDict", {}).items():
                    variants |= {(base, selector) for base, _ in bases}
    return frozenset(drawn), frozenset(variants)


@cache
def _fonts() -> FontConfiguration:
    """One for the process: a second one costs as much time as a paper, and memory that comes back late."""
    # Fonts of the host would hide a missing glyph here and change the paper elsewhere; the library reads this
    # variable while the configuration is made, and browsers started from this process must not.
    before = os.environ.get("FONTCONFIG_FILE")
    os.environ["FONTCONFIG_FILE"] = str(FONTS / "fonts.conf")
    try:
        return FontConfiguration()
    finally:
        del os.environ["FONTCONFIG_FILE"]
        if before is not None:
            os.environ["FONTCONFIG_FILE"] = before


@cache
def _style() -> CSS:
    return CSS(url="asset:paper.css", url_fetcher=ClosedFetcher(), font_config=_fonts(), media_type="print")


@cache
def _report_style() -> CSS:
    return CSS(url="asset:report.css", url_fetcher=ClosedFetcher(), font_config=_fonts(), media_type="print")


def _with_language_and_scope(build: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    """Write into the structure tree what WeasyPrint 70 leaves out: the language of a phrase, the scope of a head cell."""

    def build_box_tree(box: Any, *rest: Any) -> Iterator[Any]:
        source = getattr(getattr(box, "_box", box), "element", None)
        for element in build(box, *rest):
            if source is not None and source.get("lang"):
                element["Lang"] = tags.pydyf.String(source.get("lang"))
            if source is not None and source.get("scope") and element["S"] == "/TH":
                element["A"]["Scope"] = "/Row" if source.get("scope") == "row" else "/Column"
            yield element

    return build_box_tree


tags._build_box_tree = _with_language_and_scope(tags._build_box_tree)


if __name__ == "__main__":
    sys.stdout.buffer.write(many_sheets(sys.stdin.buffer.read().decode()))
