"""Files that pages load: named by what is in them, so that browsers keep them for good and never have an old one."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from flowengine.web.pages.look import PICTURES, Look

FOLDER = Path(__file__).parent / "static"
PATH = "/static"
ICON = "icon.svg"
"""What stands beside a page's title in a browser, where the house has no logo."""

_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", **PICTURES}
_HEADERS = {
    "cache-control": "public, max-age=31536000, immutable",
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; sandbox"
    ),
}
"""A picture may be a document (SVG): opened by itself it runs nothing."""


class Assets:
    """The files of the package, the colours and the pictures of a look, each under a name with the hash of what is in
    it."""

    def __init__(self, look: Look) -> None:
        files = {path.name: path.read_bytes() for path in sorted(FOLDER.iterdir()) if path.suffix in _TYPES}
        files |= {"look.css": look.css().encode(), ICON: look.icon().encode()}
        files |= {name: path.read_bytes() for name, path in look.pictures().items()}
        self._paths: dict[str, str] = {}
        self._contents: dict[str, tuple[bytes, str]] = {}
        self.icon = look.logo or ICON
        for name, content in files.items():
            stem, _, kind = name.rpartition(".")
            hashed = f"{stem}.{sha256(content).hexdigest()[:12]}.{kind}"
            self._paths[name] = f"{PATH}/{quote(hashed)}"
            self._contents[hashed] = content, _TYPES[f".{kind.lower()}"]

    @property
    def paths(self) -> Mapping[str, str]:
        """Where each file is, below where the application stands, by its own name."""
        return self._paths

    def routes(self) -> list[Route]:
        """Give them out; and the icon where browsers look for one that know no page of ours."""

        async def give(request: Request) -> Response:
            found = self._contents.get(request.path_params["name"])
            if found is None:
                raise HTTPException(404)
            return Response(found[0], headers=_HEADERS, media_type=found[1])

        async def icon(request: Request) -> Response:
            here = request.scope.get("root_path", "").rstrip("/")
            return RedirectResponse(here + self._paths[self.icon], 302)

        return [
            Route(PATH + "/{name}", give, include_in_schema=False),
            Route("/favicon.ico", icon, include_in_schema=False),
        ]
