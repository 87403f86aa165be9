"""The examples of applications that have the pages in them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from waiting import heard, killed_after

EXAMPLE = Path(__file__).parents[2] / "examples/pages"


@pytest.mark.parametrize("host", ["fastapi", "flask", "django"])
def test_a_host_has_the_pages_in_it(host: str) -> None:
    """Who has signed in at the host is who he is on the pages, which stand below ``/flow``, in the host's look; nobody
    is sent to the host's own login, and back; another site changes nothing."""
    command = [sys.executable, str(EXAMPLE), host]
    with killed_after(subprocess.Popen(command, stdout=subprocess.PIPE, text=True)) as process:
        address = heard(process).strip()
        url = address.partition("/login")[0]
        with httpx.Client(base_url=url, timeout=60, trust_env=False, headers={"accept-language": "de"}) as client:
            sent = client.get("/flow/")
            assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=%2Fflow%2F")
            assert client.get("/login", params={"who": "ada", "next": "/flow/"}).headers["location"] == "/flow/"
            home = client.get("/flow/")
            assert home.status_code == 200
            assert "Wheel &amp; Chain" in home.text
            assert ">Ada<" in home.text
            links = re.findall(r'(?:href|action)="([^"#]+)"', home.text)
            assert links
            assert all(link.startswith("/flow/") for link in links)
            (colours,) = (link for link in links if "/look." in link)
            assert "--thread:#0b5d4e" in client.get(colours).text
            form = {"language": "en", "back": "/"}
            here = {"origin": url, "sec-fetch-site": "same-origin"}
            assert client.post("/flow/language", data=form, headers=here).headers["location"] == "/flow/"
            assert 'lang="en"' in client.get("/flow/").text
            elsewhere = {"origin": "http://evil.example", "sec-fetch-site": "cross-site"}
            assert client.post("/flow/language", data=form, headers=elsewhere).status_code == 403
