"""Customers as staff find them: searched, entered once, shown on a screen, and said to be one."""

from __future__ import annotations

import re

from forms import send
from house import House


def test_customers_are_found_and_nobody_is_entered_twice(busy: House) -> None:
    """Who is known by the contact is shown first, and entered only by who says that it is somebody else."""
    tom = busy.visitor("tom")
    assert "bob" in tom.get("/customers?text=bob").text
    assert "0 customers" in tom.get("/customers?text=zzz").text
    page = tom.get("/new-customer")
    assert send(tom, page, "/new-customer", name="").status_code == 422
    known = send(tom, page, "/new-customer", name="Ada L", contact="ada@example.org")
    assert known.status_code == 409
    assert "/customers/ada" in known.text
    made = send(tom, known, "/new-customer", sure="yes")
    assert made.status_code == 303
    assert "Ada L" in tom.get(made.headers["location"]).text
    assert busy.visitor("ada").get("/customers").status_code == 404


def test_a_form_that_is_sent_twice_does_once(busy: House) -> None:
    """Who presses a button twice is answered twice alike, and one thing is done (L3); the same form with something else
    in it is another request."""
    tom, engine = busy.visitor("tom"), busy.engine
    page = tom.get("/new-customer")
    first, second = (send(tom, page, "/new-customer", name="Mira") for _ in range(2))
    assert first.headers["location"] == second.headers["location"]
    other = send(tom, page, "/new-customer", name="Mara")
    assert other.headers["location"] != first.headers["location"]
    page = tom.get("/customers/bob")
    send(tom, page, "/customers/bob/contacts", contact="bob@example.org")
    page = tom.get("/customers/bob")
    for _ in range(2):
        assert send(tom, page, "/contacts/remove", address="bob@example.org").status_code == 303
    assert "bob@example.org" not in [one.address for one in engine.contacts("bob")]
    ada = busy.visitor("ada")
    page = ada.get("/me/signing-in")
    for _ in range(2):
        assert send(ada, page, "/me/signing-in/tokens", name="My script", scope="read").status_code == 303
        assert send(ada, page, "/me/signing-in/feeds").status_code == 303
    assert (len(engine.own_tokens(by="ada")), len(engine.feeds(by="ada"))) == (1, 1)


def test_two_are_looked_at_before_they_are_one_and_are_two_again(busy: House) -> None:
    """It takes a reason; what is proposed says why; undone, both are as they were."""
    tom = busy.visitor("tom")
    assert "ada2" in tom.get("/duplicates").text
    look = tom.get("/customers/ada2/merge?with=ada")
    assert "Nothing has happened yet." in look.text
    assert send(tom, look, "/merge", because="").status_code == 422
    assert busy.engine.record("ada2", by="tom").ids == ("ada2",)
    assert send(tom, look, "/merge", because="She said so").headers["location"] == "/customers/ada"
    assert set(busy.engine.record("ada", by="tom").ids) == {"ada", "ada2"}
    assert tom.get("/customers/ada/merge?with=ada2").status_code == 422
    undo = tom.get("/customers/ada2/unmerge")
    assert send(tom, undo, "/unmerge").headers["location"] == "/customers/ada2"
    assert busy.engine.record("ada", by="tom").ids == ("ada",)


def test_a_customer_on_one_screen(busy: House) -> None:
    """What is known, said and under way; contacts, facts, words and who acts are changed there, each with its own
    form; what cannot be is said at its box."""
    tom = busy.visitor("tom")
    page = tom.get("/customers/bob")
    assert "Are you open on Sunday?" in page.text
    assert "An answer is waited for" in page.text
    assert send(tom, page, "/customers/bob/messages", message="We are").status_code == 303
    assert "An answer is waited for" not in tom.get("/customers/bob").text
    assert send(tom, page, "/customers/bob/contacts", contact="bob@example.org").status_code == 303
    assert send(tom, page, "/customers/bob/facts", kind="note", fact="Rings at night").status_code == 303
    wrong = send(tom, page, "/customers/bob/acting", who="nobody at all", may="act")
    assert (wrong.status_code, 'id="who-problem"' in wrong.text) == (422, True)
    assert send(tom, page, "/customers/bob/acting", who="ada2", may="see", because="His wife").status_code == 303
    page = tom.get("/customers/bob")
    for one in ("bob@example.org", "Rings at night", "may look"):
        assert one in page.text
    assert send(tom, page, "/acting/end", person="ada2").status_code == 303
    assert [one for one in busy.engine.acting("bob", by="tom") if one.now] == []
    gone = re.search(r'name="fact" value="([^"]+)"', page.text)
    assert gone is not None
    assert send(tom, page, "/facts/take-back", fact=gone[1]).status_code == 303
    assert "Rings at night</span>" not in tom.get("/customers/bob").text
    assert tom.get("/customers/nobody").status_code == 404


def test_what_is_booked_by_day_and_week(busy: House) -> None:
    """Of oneself, and of a role; a day that there is none of is today."""
    tom = busy.visitor("tom")
    assert "Measure" in tom.get("/calendar?role=tailor&day=2026-05-05").text
    assert "Measure" not in tom.get("/calendar?role=tailor&day=2026-05-04").text
    assert "Measure" in tom.get("/calendar?role=tailor&span=week&day=2026-05-01").text
    assert "Monday" in tom.get("/calendar?day=never").text


def test_who_is_away_says_so_and_is_back(busy: House) -> None:
    """What is booked for then says that he is away; a day that is none is said at its box."""
    tom = busy.visitor("tom")
    page = tom.get("/calendar")
    assert send(tom, page, "/calendar/away", first="soon", last="2026-05-06").status_code == 422
    assert send(tom, page, "/calendar/away", first="2026-05-06", last="2026-05-05").status_code == 422
    assert send(tom, page, "/calendar/away", first="2026-05-05", last="2026-05-06", why="The <sea>").status_code == 303
    page = tom.get("/calendar")
    assert "The &lt;sea&gt;" in page.text
    found = busy.engine.person("tom").absences
    assert [(one.end - one.start).days for one in found] == [2]
    assert send(tom, page, "/calendar/back", start=found[0].start.isoformat()).status_code == 303
    assert busy.engine.person("tom").absences == ()


def test_a_job_is_begun_for_a_customer(busy: House) -> None:
    """What is wrong is told at its box; sent twice one job begins, and it is the customer's."""
    tom = busy.visitor("tom")
    begin = "/customers/bob/begin/fetching"
    assert begin in tom.get("/customers/bob").text
    page = tom.get(begin)
    before = len(busy.engine.jobs(customer="bob"))
    assert send(tom, page, begin, need__what="").status_code == 422
    first, again = (send(tom, page, begin, need__what="A piano") for _ in range(2))
    assert first.headers["location"] == again.headers["location"]
    found = busy.engine.jobs(customer="bob")
    assert (len(found), busy.engine.data(found[0].id)["need"]) == (before + 1, {"what": "A piano"})
    assert busy.visitor("ada").get(begin).status_code == 404
