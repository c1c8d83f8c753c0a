#!/usr/bin/env python3
"""Fetches releases of a real Julia package, PythonCall, whose repository is also published as a source distribution for Python.

    python3 tests/julia/fetch.py target/julia

leaves `PythonCall-VERSION` below the folder for each release, as git has it. pip tells where packages are, and is not asked to
fetch them, since it would run their build backend; nothing of them is run here. Each archive must have the digest that is
written below. Needs Python with pip's library.
"""

import hashlib
import html.parser
import io
import os
import pathlib
import shutil
import sys
import tarfile
import urllib.parse
import urllib.request

# By version, the SHA-256 of the archive.
RELEASES = {
    "0.9.35": "7b1ad7572aff3651bbe4fa554140f0f5fd970c9820d998af6ae0deb98a270ad3",
    "0.9.36": "75abfe60fffc48161f5b4b3619ee0e2299df75c738aa88da4302ec718c6c9c7d",
    "0.9.37": "246db2ec648cd50dcd446d02323e0b187949a2ab50e06e32fe6db1a4323eba75",
}
NAME = "juliacall"
# What building the archive adds to the files of the repository.
ADDED = "PKG-INFO"


class Links(html.parser.HTMLParser):
    """The links of an index page, by the names of the files (PEP 503)."""

    def __init__(self, page):
        super().__init__()
        self.page, self.found = page, {}

    def handle_starttag(self, tag, attributes):
        address = dict(attributes).get("href")
        if tag == "a" and address:
            address = urllib.parse.urljoin(self.page, urllib.parse.urldefrag(address).url)
            self.found[urllib.parse.urlsplit(address).path.rsplit("/", 1)[-1]] = address


def index():
    from pip._internal.models.index import PyPI

    return os.environ.get("PIP_INDEX_URL") or PyPI.simple_url


def read(address):
    with urllib.request.urlopen(urllib.request.Request(address, headers={"Accept": "text/html"}), timeout=120) as answer:
        return answer.read()


def unpack(archive, version, folder):
    """Puts the files of a release in their place, or leaves nothing there."""
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as files:
        if hasattr(tarfile, "data_filter"):
            files.extraction_filter = tarfile.data_filter
        files.extractall(folder)
    top = folder / f"{NAME}-{version}"
    (top / ADDED).unlink()
    top.rename(folder / f"PythonCall-{version}")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    missing = {version: digest for version, digest in RELEASES.items() if not (folder / f"PythonCall-{version}").is_dir()}
    if not missing:
        return
    folder.mkdir(parents=True, exist_ok=True)
    page = index().rstrip("/") + f"/{NAME}/"
    links = Links(page)
    links.feed(read(page).decode())
    for version, digest in missing.items():
        name = f"{NAME}-{version}.tar.gz"
        archive = read(links.found[name])
        if hashlib.sha256(archive).hexdigest() != digest:
            sys.exit(f"{name} is not the archive that was expected: its SHA-256 is {hashlib.sha256(archive).hexdigest()}")
        shutil.rmtree(folder / f"{NAME}-{version}", ignore_errors=True)
        unpack(archive, version, folder)


main()
