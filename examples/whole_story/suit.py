"""Ada's suit, from her need until she wears it, and is forgotten on request."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from datetime import datetime

import httpx

from examples.bespoke_suit.mill import Mill

from .browser import Browser
from .installation import ROOT, Installation
from .person import NotAsTold, Person, found

MEASURES = "--set chest=102 --set waist=88.5 --set hips=104 --set sleeve=64 --set inside_leg=81"
STYLE = "--set style=double_breasted --set pockets=3 --set lining=striped --set extras=working_cuffs"


@dataclass(frozen=True)
class Shop:
    """Who is in it: each types on a terminal of his own, all but the machine's at the server."""

    place: Installation
    machine: Person
    ada: Person
    tim: Person
    hana: Person
    carl: Person
    olga: Person

    @property
    def staff(self) -> tuple[Person, ...]:
        return self.tim, self.hana, self.carl, self.olga


def play(place: Installation) -> None:
    """The story. The installation is open, and nobody is in it yet."""
    names = ("ada", "tim", "hana", "carl", "olga")
    people = {name: Person(name, place.folder / name, quick=place.quick) for name in names}
    shop = Shop(place, place.machine, **people)
    _opens(shop)
    _sign_in(shop)
    job = _orders(shop)
    _is_measured(shop, job)
    _talks(shop, job)
    _changes_her_mind(shop, job)
    _is_there_twice(shop, job)
    agreed = _is_promised_anew(shop, job)
    _is_made(shop, job)
    _is_handed_over(shop, job)
    _looks_back(shop, job, agreed)
    _is_forgotten(shop, job)


def _opens(shop: Shop) -> None:
    print("\n# The shop opens")
    shop.machine.types(f"flow deploy {ROOT}/processes/bespoke_suit.yaml", sees=["bespoke_suit (A suit made with you)"])
    shop.machine.types("flow people add ada --name 'Ada Lund' --contact ada@example.org", sees=["ada@example.org"])
    staff = {"tim": "tailor", "hana": "host", "carl": "cutter", "olga": "operator"}
    for name, role in staff.items():
        contact = "--contact tim@example.org" if name == "tim" else ""
        shop.machine.types(f"flow people add {name} --name {name.title()} --role {role} {contact}", sees=[role])


def _sign_in(shop: Shop) -> None:
    print("\n# Everybody signs in: Ada by a code in a letter, Tim by an authenticator, the others by a token")
    url, letters = shop.place.url, shop.place.letters
    shop.ada.types("flow inbox", code=2, sees=["Say who you are"])
    with Browser(url) as browser:
        sent = browser.asks_for_a_code("ada@example.org")
        digits = found(r"\b(\d{3} \d{3})\b", letters.wait_for("ada@example.org", "Your code is"))
        browser.types_the_code(sent, digits.replace(" ", ""))
        shop.ada.logs_in(url, browser)
    shop.ada.types("flow whoami", sees=[f"At {url}", "You are Ada Lund (ada; customer)"])
    link = found(r"(http\S+/door/\S+)", shop.machine.types("flow link enrol tim"))
    with Browser(url) as browser:
        browser.opens(link)
        browser.sets_up_an_authenticator(shop.place.now())
        shop.place.later(minutes=1)  # each of its digits counts once
        sent = browser.asks_for_a_code("tim@example.org")
        digits = found(r"\b(\d{3} \d{3})\b", letters.wait_for("tim@example.org", "Your code is"))
        browser.types_the_code(sent, digits.replace(" ", ""), shop.place.now())
        shop.tim.logs_in(url, browser)
    for one in (shop.hana, shop.carl, shop.olga):
        token = found(r"(flow_\S+)", shop.machine.types(f"flow token create operator {one.name}"))
        one.types(f"flow login {url} --token-stdin", pasted=token, sees=["Signed in at"])
    shop.carl.types("flow", sees=["Nothing waits for you."])


def _orders(shop: Shop) -> str:
    print("\n# Ada says what she needs, chooses, and orders")
    ada = shop.ada
    ada.types("flow start bespoke_suit --set occasion='A wedding'", code=1, sees=["needed_by: is missing"])
    need = "--set occasion='A wedding' --set needed_by='in 130 days' --set wishes='Narrow legs'"
    begun = ada.types(f"flow start bespoke_suit {need}", sees=["We know what you need.", "Next: Choose your cloth"])
    job = found(r"flow track (\w+)", begun)
    ada.types("flow act --set cloth=purple", code=1, sees=["'purple' is not one of navy_flannel, grey_worsted"])
    ada.types("flow act --set cloth=navy_flannel", sees=["You have chosen Navy flannel."])
    ada.types(f"flow act {STYLE}", sees=["It is promised for", "Next: Is this what you order?"])
    ada.types("flow act --outcome approved", sees=["We take the deposit of £772.50"])
    ada.types_until("flow", "When can we take your measures?")
    ada.types(f"flow track {job}", sees=["Receipt for the deposit: R-0001", "▶ Taking your measures"])
    return job


def _is_measured(shop: Shop, job: str) -> None:
    print("\n# Ada books, has it in her calendar, and comes")
    feed = found(r"(http\S+\.ics)", shop.ada.types("flow feed create"))
    slot = _books(shop, job)
    told = httpx.get(feed, timeout=30).text
    if f"DTSTART;TZID=Europe/London:{slot.astimezone().strftime('%Y%m')}" not in told:
        raise NotAsTold(f"the feed does not have the appointment:\n{told}")
    shop.place.letters.wait_for("tim@example.org", "Measure")
    shop.tim.types(f"flow act {job} --outcome held {MEASURES}", code=1, sees=["cannot be held before"])
    shop.place.until(slot)
    shop.tim.types("flow agenda", sees=["Ada Lund", "Measure"])
    shop.tim.types(f"flow act {job} --outcome held {MEASURES}", sees=["You have met the customer: Measure."])
    shop.ada.types_until(f"flow track {job}", "Waiting for your cloth")


def _talks(shop: Shop, job: str) -> None:
    print("\n# What is said, and to whom")
    ada, tim, hana = shop.ada, shop.tim, shop.hana
    (ada.home / "lapels.png").write_bytes(_picture())
    ada.types(f"flow message {job} 'The lapels of my grandfather' --file lapels.png", sees=["waits for an answer from"])
    seen = tim.types(f"flow conversation {job}", sees=["The lapels of my grandfather", "lapels.png"])
    tim.types(f"flow file get {found('(file-[0-9a-f]+)', seen)}", sees=["Written: lapels.png"])
    tim.types(f"flow act {job} --outcome answered --set answer='Beautiful. We copy them.'", sees=["is noted"])
    hana.types(f"flow note {job} 'An old customer of the house: look after her'", sees=["its customer does not"])
    ada.types(f"flow say {job} 'Will it be ready if the mill is late?' --kind concern", sees=["Said (concern)"])
    hana.types("flow", sees=["Will it be ready if the mill is late?"])
    hana.types(f"flow act {job} --set answer='Yes, we would order elsewhere.'", sees=["Your answer is noted"])
    shop.place.letters.wait_for("ada@example.org", "The answer: Yes, we would order elsewhere.")
    for line in (f"flow conversation {job}", f"flow track {job}", "flow my-data"):
        ada.types(line, sees=["Beautiful. We copy them."], never=["An old customer of the house"])
    tim.types(f"flow conversation {job}", sees=["An old customer of the house", "for those inside"])


def _changes_her_mind(shop: Shop, job: str) -> None:
    print("\n# Ada thinks of another cloth: what she was shown is what happens, or nothing")
    ada = shop.ada
    looked = ada.types(
        f"flow change {job} change_cloth --preview",
        sees=["Undone: The order of your Navy flannel is cancelled", "Undone: Your deposit of £772.50 is returned"],
    )
    seen = found(r"(flow change \S+ change_cloth --seen \w+)", looked)
    shop.carl.types(f"flow act {job} --set number=P-117", sees=["Done: Draft the pattern of Ada Lund."])
    ada.types(f"flow act {job} --outcome answered --set initials=AL", sees=["We have your answer."])
    ada.types(seen, code=1, sees=["it has changed meanwhile; nothing was done", "look again"])
    looked = ada.types(f"flow change {job} change_cloth --preview", sees=["The promise stands"])
    ada.types(
        found(r"(flow change \S+ change_cloth --seen \w+)", looked), sees=["We have noted: Choose another cloth."]
    )
    ada.types_until("flow", "Choose your cloth")
    ada.types(f"flow act {job} --set cloth=grey_worsted", sees=["Next: Is this what you order?"])
    ada.types(f"flow act {job} --outcome approved", sees=["Thank you for your order."])
    ada.types_until(f"flow track {job}", "Waiting for your cloth")


def _is_there_twice(shop: Shop, job: str) -> None:
    print("\n# Hana has entered her a second time")
    hana, ada = shop.hana, shop.ada
    entered = hana.types("flow people add --name 'Ada Lund' --contact lund@example.org", sees=["lund@example.org"])
    other = found(r"\n\s*(\w{10})  Ada Lund", entered)
    begun = hana.types(
        f"flow start bespoke_suit --for {other} --set occasion='A christening' --set needed_by='in 200 days'",
        sees=["Begun for Ada Lund"],
    )
    second = found(r"flow track (\w+)", begun)
    ada.types("flow", never=[second])
    hana.types("flow customer duplicates", sees=[other, "ada"])
    hana.types(f"flow customer merge {other} ada --because 'Both live in Elm Road' --yes", sees=["One person: ada"])
    ada.types("flow", sees=[second, job])
    ada.types(f"flow act {second} --set cloth=black_barathea", sees=["You have chosen Black barathea."])
    for id in (other, "ada"):
        hana.types(f"flow customer show {id}", sees=[second, job, "lund@example.org", "ada@example.org"])
    hana.types(f"flow customer unmerge {other}", sees=["is by itself again"])
    ada.types("flow", never=[second])
    hana.types(f"flow customer show {other}", sees=[second], never=[job])
    shop.olga.types(f"flow end {second} --because 'Entered for the wrong person' --yes", sees=["Entered for the wrong"])


def _is_promised_anew(shop: Shop, job: str) -> str:
    """The day that is promised from then on, as steps tell it."""
    print("\n# The day that was promised is asked anew: once refused, once accepted")
    tim, ada = shop.tim, shop.ada
    tim.types(f"flow promise ask {job} --to 'in 160 days' --because 'The mill is on strike'", sees=["Asked"])
    tim.types(f"flow promise ask {job} --to 'in 170 days' --because 'And on'", code=1, sees=["flow takeback"])
    why = "The mill is on strike, and we would rather wait for this cloth than take another one that is not as good"
    shop.place.letters.wait_for("ada@example.org", "The mill is on strike")
    ada.types(f"flow act {job} --outcome refused --set words='The wedding is before'", sees=["Refused"])
    shop.place.letters.wait_for("tim@example.org", "The wedding is before")
    tim.types(f"flow promise ask {job} --to 'in 132 days' --because '{why}'", sees=["Asked"])
    shop.place.letters.wait_for("ada@example.org", why)
    ada.types(f"flow act {job} --outcome accepted", sees=["It is now promised for"])
    seen = ada.types(f"flow track {job}", sees=["(first promised for"])
    tim.types("flow promises", sees=[job, "open"])
    day = datetime.strptime(found(r"Promised for \w+ (\d+ \w+ \d+) \(first", seen), "%d %b %Y")  # noqa: DTZ007 - a day
    return f"{day:%A, %-d %B %Y}"


def _is_made(shop: Shop, job: str) -> None:
    print("\n# The cloth comes, and the suit is cut, basted, tried on and sewn")
    order = next(one for one in Mill(shop.place.folder / "mill.db").orders() if one.item == "grey_worsted")
    shop.place.later(days=3)
    shop.olga.types(f"flow send cloth_delivered --key {order.number} --job {job}", sees=["delivered.received"])
    shop.carl.types(f"flow claim {job}")
    shop.carl.types(f"flow act {job}", sees=["Done: Cut the Grey worsted for Ada Lund."])
    shop.ada.types(f"flow change {job} change_cloth --preview", code=1, sees=["until the cloth is cut"])
    shop.tim.types(f"flow act {job}", sees=["Done: Baste the suit of Ada Lund."])
    shop.place.until(_books(shop, job))
    found_there = "--set baste_again=no --set findings='Right shoulder 1 cm lower'"
    shop.tim.types(
        f"flow act {job} --outcome held {found_there}", sees=["Next in your inbox: Sew the suit of Ada Lund"]
    )
    shop.tim.types(f"flow act {job}", sees=["Done: Sew the suit of Ada Lund."])
    shop.place.until(_books(shop, job))
    shop.tim.types(f"flow act {job} --outcome held --set alter=no", sees=["Press and finish the suit of Ada Lund"])
    shop.tim.types(f"flow act {job}", sees=["Done: Press and finish the suit of Ada Lund."])


def _is_handed_over(shop: Shop, job: str) -> None:
    print("\n# Ada has her suit")
    ada = shop.ada
    ada.types(f"flow act {job} --outcome approved", sees=["The promise is kept."])
    ada.types_until("flow", "How was it to make this suit with us?")
    ada.types(f"flow act {job} --outcome given --set rating=5 --set recommend=yes", sees=["It is fulfilled"])
    ada.types(f"flow track {job}", sees=["■ Fulfilled: The customer wears a suit that fits"])


def _looks_back(shop: Shop, job: str, agreed: str) -> None:
    print("\n# What remains: receipts that anybody can check, a history that is whole")
    ada = shop.ada
    listed = ada.types(f"flow receipt list {job}", sees=["approved: Is this what you order?"])
    fitting = found(rf"({job}\.\d+)[^\n]*: First fitting", listed)
    ada.types(f"flow receipt save {fitting} --to fitting.json", sees=["Saved: fitting.json"])
    ada.types("flow receipt verify fitting.json", sees=[f'["Promised for","{agreed}"]'])
    order = found(rf"({job}\.\d+)[^\n]*approved: Is this what you order", listed)
    ada.types(f"flow receipt save {order} --to order.json", sees=["Saved: order.json"])
    nobody = Person("somebody who knows nobody there", shop.place.folder / "elsewhere", quick=shop.place.quick)
    kept = ada.home / "order.json"
    nobody.types(
        f"flow receipt verify {kept}", sees=["It holds", "proved The outcome: approved", "Navy flannel, £420.00"]
    )
    forged = nobody.home / "forged.json"
    forged.write_text(kept.read_text("utf-8").replace("approved", "declined"), "utf-8")
    nobody.types(f"flow receipt verify {forged}", code=1, never=["It holds"])
    ada.types(f"flow receipt verify order.json --at {shop.place.url}", sees=["It holds"])
    shop.olga.types(f"flow history {job}", sees=["stated the need", "Choose another cloth", "the promise is kept"])
    shop.olga.types("flow audit", sees=["Fine: 2 jobs", "the histories and what is stored agree"])
    if shop.place.address.startswith("sqlite"):
        copy = shop.place.folder / "copy.db"
        shop.machine.types(f"flow db backup {copy}", sees=["copy.db"])
        shop.machine.types(f"flow audit --at sqlite:///{copy}", sees=["Fine: 2 jobs"])
    shop.olga.types("flow incidents", sees=["Nothing has given up."])


def _is_forgotten(shop: Shop, job: str) -> None:
    print("\n# Ada takes what is kept of her with her, and is forgotten")
    shop.ada.types("flow my-data -o mine.json", sees=["Written to mine.json"])
    if "An old customer of the house" in (text := (shop.ada.home / "mine.json").read_text("utf-8")):
        raise NotAsTold("what is for those inside is in her own data")
    if "Narrow legs" not in text:
        raise NotAsTold("her own data does not have what she wished")
    shop.olga.types("flow people erase ada --because 'She asks for it' --dry", sees=["ada would be erased."])
    shop.olga.types("flow people erase ada --because 'She asks for it' --yes", sees=["ada is erased.", "1 file"])
    shop.ada.types("flow", code=1, sees=[f"flow login {shop.place.url}"])
    shop.olga.types(
        f"flow history {job}", sees=["its contents are erased"], never=["Ada Lund", "grandfather", "strike", "AL"]
    )
    shop.olga.types("flow audit", sees=["Fine: 2 jobs", "Erased on request: 2"])


def _books(shop: Shop, job: str) -> datetime:
    """Ada is told what is free, and takes the first."""
    offered = shop.ada.types(f"flow act {job} --outcome book", code=1, sees=["slot: is missing"])
    slot = found(r"--set slot=(\S+)", offered)
    shop.ada.types(f"flow act {job} --outcome book --set slot={slot}", sees=["Your appointment is on", "with Tim"])
    return datetime.fromisoformat(slot)


def _picture() -> bytes:
    """Sixteen by sixteen dots of blue cloth, as a PNG."""

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0)
    dots = zlib.compress((b"\0" + bytes([40, 60, 90]) * 16) * 16)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", dots) + part(b"IEND", b"")
