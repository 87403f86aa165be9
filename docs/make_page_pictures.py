"""Make the pictures of pages in ``docs/pictures``, of the shop that ``flow demo --web`` shows.

Needs the extra ``test`` and Chromium. Days in them are those on which they are made; look at both before they are kept.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, sync_playwright

PICTURES = Path(__file__).parent / "pictures"
WORRY = "I cycle to work: room at the shoulders, please."


@contextmanager
def shown(folder: Path) -> Iterator[str]:
    """The address at which the demo is shown, while it is."""
    out = folder / "out.json"
    with out.open("w") as file:
        command = [sys.executable, "-m", "flowengine.cli", "demo", "--web", "--json"]
        demo = subprocess.Popen(command, cwd=folder, stdout=file)
    try:
        for _ in range(120):
            if "}" in out.read_text():
                break
            time.sleep(1)
        at = urlsplit(json.loads(out.read_text())["url"])
        yield f"{at.scheme}://{at.netloc}"
    finally:
        demo.terminate()
        demo.wait()


def small(page: Page, name: str) -> None:
    """Keep what is seen as a picture of 128 colours, which a page's few fit in."""
    from PIL import Image

    path = PICTURES / name
    page.screenshot(path=path)
    with Image.open(path) as found:
        found.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)


def main() -> None:
    """Ben chooses his cloth and says what worries him; then the page of his job."""
    with tempfile.TemporaryDirectory() as folder, shown(Path(folder)) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 960, "height": 640}, color_scheme="light", locale="en-GB")
        page = context.new_page()
        page.goto(f"{url}/as")
        page.get_by_role("button", name=re.compile("Ben")).first.click()
        page.goto(f"{url}/")
        page.get_by_role("link", name="Answer").first.click()
        page.get_by_label("Navy flannel").check()
        page.get_by_label("Is there anything that worries you").fill(WORRY)
        page.evaluate("window.scrollTo(0, 0)")
        small(page, "page_choice.png")
        page.get_by_role("button", name="Go on").click()
        page.locator("main form button.btn").first.click()
        page.goto(f"{url}/")
        page.set_viewport_size({"width": 1000, "height": 900})
        page.locator("a[href*='/jobs/']").first.click()
        small(page, "page_job.png")
        browser.close()


if __name__ == "__main__":
    main()
