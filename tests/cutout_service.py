"""A cut-out service on this machine, in the forms of CDS hips2fits and of the Legacy Surveys viewer.

Images depend on position and band alone, and have a bright spot upper left. `acts` says what it does with the
request of a position (RA in whole degrees) instead: once for each word.
"""

import io
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray
from PIL import Image

PAGE = b"<html><head><title>Service Unavailable</title></head><body>sorry</body></html>"


@dataclass
class CutoutSite:
    """`seen` are (arrival, path, query, headers) of the requests; `most` were answered at one time."""

    url: str = ""
    acts: dict[int, list[str]] = field(default_factory=dict)
    every: str = ""
    slow_s: float = 0.0
    seen: list[tuple[float, str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    now: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def queries(self) -> list[dict[str, str]]:
        return [query for _, _, query, _ in self.seen]


def colours(ra: float, side: int) -> NDArray[np.uint8]:
    """(side, side, 3): noise, with a spot upper left."""
    rng = np.random.default_rng(round(ra * 10))
    pixels = rng.integers(20, 120, (side, side, 3), dtype=np.uint8)
    pixels[: side // 4, : side // 4] = 250
    return pixels


def band(ra: float, name: str, side: int) -> NDArray[np.float32]:
    """(side, side), row 0 on top."""
    rng = np.random.default_rng([round(ra * 10), ord(name[0])])
    pixels = rng.normal(0, 1, (side, side)).astype(np.float32)
    pixels[: side // 4, : side // 4] += 20
    return pixels


def jpeg(pixels: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=95)
    return out.getvalue()


def as_fits(pixels: NDArray[np.float32], **cards: Any) -> bytes:
    """FITS of (H, W) or (C, H, W) with row 0 on top: FITS counts rows upwards."""
    out = io.BytesIO()
    hdu = fits.PrimaryHDU(pixels[..., ::-1, :])
    hdu.header.update(cards)
    hdu.writeto(out)
    return out.getvalue()


def wcs_cards(query: dict[str, str], side: int, act: str = "") -> dict[str, Any]:
    """The WCS of an answer: north up, east left; that of another place or scale on request."""
    scale = float(query["pixscale"]) / 3600 if "pixscale" in query else float(query["fov"]) / side
    scale *= 2 if act == "coarse" else 1
    middle = (side + 1) / 2
    return {
        "CTYPE1": "RA---TAN",
        "CTYPE2": "DEC--TAN",
        "CRVAL1": float(query["ra"]) + (1 if act == "moved" else 0),
        "CRVAL2": float(query["dec"]),
        "CRPIX1": middle,
        "CRPIX2": middle,
        "CD1_1": -scale,
        "CD1_2": 0.0,
        "CD2_1": 0.0,
        "CD2_2": scale,
    }


class Handler(BaseHTTPRequestHandler):
    def __init__(self, site: CutoutSite, *args: Any) -> None:
        self.site = site
        super().__init__(*args)

    def log_message(self, *args: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:  # noqa: N802
        parts, site = urlsplit(self.path), self.site
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        with site.lock:
            site.seen.append((time.monotonic(), parts.path, query, dict(self.headers)))
            site.now += 1
            site.most = max(site.most, site.now)
            acts = site.acts.get(int(float(query["ra"])), [])
            act = acts.pop(0) if acts else site.every
        try:
            time.sleep(site.slow_s)
            self.answer(parts.path, query, act)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with site.lock:
                site.now -= 1

    def answer(self, path: str, query: dict[str, str], act: str) -> None:
        ra, side = float(query["ra"]), int(query.get("width") or query["size"])
        side += 3 * (act == "wrong size")
        status, headers, body = 200, {}, self.image(path, query, ra, side, act)
        if act == "page":
            body = PAGE
        elif act == "nothing":
            body = b""
        elif act == "truncated":
            body = body[: len(body) // 2]
        elif act == "elsewhere":
            status, headers, body = 302, {"Location": "http://evil.example/x.jpg"}, b""
        elif act[:3].isdigit():
            status, after = int(act[:3]), act[4:]
            headers, body = {"Retry-After": after} if after else {}, PAGE
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:100] if act == "drop" else body)
        if act == "drop":
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)

    def image(self, path: str, query: dict[str, str], ra: float, side: int, act: str) -> bytes:
        if query.get("format") == "fits" or path.endswith("fits-cutout"):
            names = query.get("bands") or query["hips"].rsplit("/", 1)[1]
            cube = np.stack([band(ra, name, side) for name in (names if "bands" in query else [names])])
            if act == "nan":
                cube[:, :, : side // 4] = np.nan
            if act == "empty":
                cube[:] = 0
            cards = wcs_cards(query, side, act)
            return as_fits(cube, BANDS=names, **cards) if "bands" in query else as_fits(cube[0], **cards)
        pixels = colours(ra, side)
        if act == "empty":
            pixels[:] = 0
        if act == "edge":
            pixels[:, side // 2 :] = 0
        return jpeg(pixels)


@contextmanager
def cutout_service(**how: Any) -> Iterator[CutoutSite]:
    """A running service on 127.0.0.1."""
    site = CutoutSite(**how)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, site))
    server.daemon_threads = True
    site.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()


def table_text(n: int = 20) -> str:
    """A table of `n` galaxies with ids of 64 bits and two classes, a degree and more apart."""
    rows = [f"{1237648720693755918 + i},{(i + 10.25) % 360},{i % 100 - 30.5},{'ab'[i % 2]}" for i in range(n)]
    return "\n".join(["objid,ra,dec,class", *rows]) + "\n"
