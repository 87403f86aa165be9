"""vCards become rows with contacts, nothing in them is lost unseen; and what is written, others read as well."""

from __future__ import annotations

from typing import Any

import pytest
import vobject
from hypothesis import given
from hypothesis import strategies as st

from flowengine.interop import vcards
from flowengine.interop.vcards import Card, read_cards, written_card


def card(*lines: str, version: str = "4.0") -> bytes:
    """A card with a name and these lines."""
    return "\r\n".join(["BEGIN:VCARD", f"VERSION:{version}", "FN:Ada Lund", *lines, "END:VCARD", ""]).encode()


def one(*lines: str, version: str = "4.0") -> Card:
    (found,) = read_cards(card(*lines, version=version))
    return found


@pytest.mark.parametrize("version", ["3.0", "4.0"])
def test_what_has_a_place_is_read(version: str) -> None:
    """Name, contacts in their order of preference, groups, language, zone, and what the record keeps."""
    found = one(
        "UID:urn:uuid:ada",
        "EMAIL;TYPE=work:ada@work.example",
        "item1.EMAIL;TYPE=INTERNET;TYPE=pref:ada@lund.example",
        "TEL;VALUE=uri;PREF=1:tel:+44-20-7946-0018;ext=5",
        "URL:https://ada.example",
        "CATEGORIES:vip,old\\, wise",
        "LANG:de-AT",
        "TZ:Europe/London",
        "ORG:Lund Ltd;Sales",
        "ADR;TYPE=home:;;1 Mill Road;Leeds;;LS1;UK",
        "NOTE:She comes\\non Mondays",
        version=version,
    )
    assert found.row == {
        "id": "ada",
        "name": "Ada Lund",
        "contact": "ada@lund.example",
        "groups": ["vip", "old, wise"],
        "language": "de",
        "zone": "Europe/London",
        "record": {
            "organisation": "Lund Ltd, Sales",
            "address": "1 Mill Road, Leeds, LS1, UK",
            "note": "She comes\non Mondays",
        },
    }
    assert found.contacts == ("ada@work.example", "+44-20-7946-0018", "https://ada.example")
    assert found.left == ()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("PHOTO;ENCODING=b;TYPE=JPEG:" + "A" * 3_000_000, "PHOTO (3,000,027 characters)"),
        ("PHOTO:data:image/jpeg;base64,AAAA", "PHOTO"),
        ("X-SHOE:42", "X-SHOE: has no place here: '42'"),
        ("KIND:org", "KIND: has no place here: 'org'"),
        ("TZ:-0500", "TZ: has no place here"),
        ("LANG:tlh", "LANG: has no place here"),
        ("EMAIL:nobody", "EMAIL: 'nobody' is no mail address"),
        ("TEL:", "TEL: '' is no mail address"),
        ("no line at all", "is no line of a card"),
        (":", "is no line of a card"),
        ("NOTE;ENCODING=QUOTED-PRINTABLE:=41", "NOTE: is encoded as quoted-printable"),
        ("NOTE:" + "x" * 100_001, "NOTE: 100,006 characters; 100,000 are read"),
    ],
)
def test_what_has_no_place_is_told_with_its_line(line: str, told: str) -> None:
    """The card is taken all the same."""
    found = one(line)
    assert found.problem == ""
    assert [number for number, _ in found.left] == [4]
    assert told in found.left[0].what


def test_another_charset_than_that_of_the_file_is_told() -> None:
    """What it says was read as the file is."""
    found = one("TITLE;CHARSET=ISO-8859-1:Kürschnerin", version="3.0")
    assert found.row["record"] == {"title": "Kürschnerin"}
    assert "says that it is iso-8859-1" in found.left[0].what


@pytest.mark.parametrize(
    ("data", "problems"),
    [
        (card(version="2.1"), ["is version 2.1; 3.0 and 4.0 are read"]),
        (b"BEGIN:VCARD\nFN:Ada\nEND:VCARD\n", ["says no version; 3.0 and 4.0 are read"]),
        (b"BEGIN:VCARD\nVERSION:4.0\nEND:VCARD\n", ["has no name: FN is missing"]),
        (b"BEGIN:VCARD\nVERSION:4.0\nFN: \nEND:VCARD\n", ["has no name: FN is missing"]),
        (b"BEGIN:VCARD\nVERSION:4.0\nFN:Ada\n", ["has no end: END:VCARD is missing"]),
        (b"BEGIN:VCARD\n" + card(), ["has no end before the next one begins, in line 2", ""]),
        (b"hello\n" + card(), ["is no part of a card: 'hello'", ""]),
        (b"", []),
    ],
)
def test_a_card_that_cannot_be_taken_says_why(data: bytes, problems: list[str]) -> None:
    """Those beside it are read."""
    assert [one.problem for one in read_cards(data)] == problems


def test_several_cards_are_told_apart_by_their_lines() -> None:
    """Folded lines belong to where they begin."""
    found = list(read_cards(card("NOTE:a", "  long one") + card()))
    assert [one.line for one in found] == [1, 7]
    assert found[0].row["record"] == {"note": "a long one"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_files_of_all_machines_are_read(encoding: str, ends: str) -> None:
    """Whatever their line ends, and with the mark that says how they are written."""
    text = card("TITLE:Kürschnerin").decode().replace("\r\n", ends)
    (found,) = read_cards(text.encode(encoding))
    assert found.row["record"] == {"title": "Kürschnerin"}


def test_a_file_in_another_charset_is_refused() -> None:
    """With the line at which that is seen."""
    with pytest.raises(ValueError, match="line 4 is not UTF-8"):
        list(read_cards(card("TITLE:Kürschnerin").decode().encode("latin-1")))


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said how large it may be."""
    monkeypatch.setattr(vcards, "LARGEST", 10)
    with pytest.raises(ValueError, match="10 are possible"):
        list(read_cards(card()))


def test_the_same_card_has_the_same_id() -> None:
    """Also without one of its own; another has another."""
    ids = [one(*lines).row["id"] for lines in ((), (), ("EMAIL:a@b.example",), ("UID:no/id here",), ("UID:other one",))]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 4


def test_a_name_is_found_in_its_parts() -> None:
    """Where the whole one is not said."""
    data = b"BEGIN:VCARD\nVERSION:3.0\nN:Lund\\; Berg;Ada;Mary;Dr;\nEND:VCARD\n"
    (found,) = read_cards(data)
    assert found.row["name"] == "Ada Mary Lund; Berg"


WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=80).filter(
    lambda text: text == " ".join(text.split()) and text
)


@given(WORDS, WORDS, st.lists(WORDS, max_size=3, unique=True))
def test_what_is_written_is_read_again(name: str, note: str, groups: list[str]) -> None:
    """By us, and the name by a library that has nothing to do with ours."""
    person: dict[str, Any] = {
        "id": "ada",
        "name": name,
        "groups": groups,
        "record": {"note": note},
        "zone": "",
        "language": "",
    }
    text = written_card(person, ["ada@lund.example", "+44 20 7946 0018", "https://ada.example/x;y"])
    (found,) = read_cards(text.encode())
    assert (found.problem, found.left) == ("", ())
    assert found.row["name"] == name
    assert found.row["record"] == {"note": note}
    assert found.row.get("groups", []) == groups
    assert (found.row["contact"], *found.contacts) == (
        "ada@lund.example",
        "+44 20 7946 0018",
        "https://ada.example/x;y",
    )
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert vobject.readOne(text).fn.value == name


@given(
    st.text(max_size=300)
    | st.lists(
        st.sampled_from(
            [
                "BEGIN:VCARD",
                "END:VCARD",
                "VERSION:4.0",
                "FN:x",
                " y",
                ";=:",
                "N:\\",
                "TEL:\\;",
                'NOTE;X="a:b',
                "ORG:;;",
                "CATEGORIES:,\\,",
            ]
        ),
        max_size=12,
    ).map("\n".join)
)
def test_whatever_is_in_a_file_is_told_and_nothing_else_happens(text: str) -> None:
    """Each card has a name or says what is wrong with it."""
    for found in read_cards(text.encode(errors="replace")):
        assert bool(found.row.get("name")) != bool(found.problem)
