"""Files: what is taken and what is not, who may open them, and what becomes of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from file_samples import PDF, bomb, docx, huge_picture, odt, packed, picture, with_place
from PIL import Image

from flowengine import (
    Actor,
    BadAnswer,
    Database,
    Engine,
    Identity,
    NotAllowed,
    NotConfigured,
    NotFound,
    Scanned,
    Settings,
    SimulatedClock,
)

ROOF = """
process: roof
title: A roof
need: A roof that is tight
roles: {roofer: {title: Roofer}, office: {title: Office}}
questions: {for: office, within: P2D}
states:
  need:
    type: need
    fields:
      where: {type: string, title: Where}
      photo: {type: file, kinds: [picture], title: A photo, optional: true}
    next: look
  look:
    type: task
    for: roofer
    fields:
      plan: {type: file, kinds: [pdf, picture], title: The plan, show: true}
      sketch: {type: file, kinds: [pdf], title: A sketch, optional: true}
      more: {type: array, items: {type: file}, optional: true}
    next: agree
  agree:
    type: approval
    ask: Is it as you wish?
    shows: {The plan: "{data.look.plan}"}
    within: P30D
    on: {approved: fulfilled, changes: look, declined: gone, expired: gone}
  fulfilled: {type: fulfilled}
  gone: {type: ended, because: It came to nothing}
"""

Upload = Callable[..., str]


@pytest.fixture
def roofs(database: Database, clock: SimulatedClock) -> Iterator[Engine]:
    """An engine that keeps files in memory, with a roofer, somebody in the office, and two customers."""
    with Engine(database, clock=clock, settings=Settings(files="memory://", largest_file=600_000)) as engine:
        engine.deploy(ROOF)
        engine.add_customer("ada", "Ada", contact="ada@example.org")
        engine.add_customer("ben", "Ben")
        engine.add_staff("rob", "Rob", roles=["roofer"])
        engine.add_staff("olga", "Olga", roles=["operator", "office"])
        yield engine


@pytest.fixture
def job(roofs: Engine) -> str:
    return roofs.start("roof", by="ada", need={"where": "In the north"}).job


@pytest.fixture
def upload(roofs: Engine, job: str) -> Upload:
    """Somebody uploads a PDF for the job; gives its id."""
    return lambda by="ada", name="plan.pdf", data=PDF: roofs.attach(name, data, job, by=by).id


def refused(engine: Engine, name: str, data: bytes, by: str = "ada") -> dict[str, str]:
    """What is wrong with a file."""
    with pytest.raises(BadAnswer) as error:
        engine.attach(name, data, by=by)
    return dict(error.value.problems)


def opens(engine: Engine, id: str, by: str | Actor) -> bool:
    """Whether somebody may open a file; to look at it and to open it are allowed alike."""
    found = []
    for verb in (engine.file, engine.file_data):
        try:
            verb(id, by=by)
            found.append(True)
        except NotFound:
            found.append(False)
    assert found[0] == found[1]
    return found[0]


# what is taken


@pytest.mark.parametrize(
    ("name", "data", "type", "kind"),
    [
        ("plan.pdf", PDF, "application/pdf", "pdf"),
        ("a.png", picture("PNG"), "image/png", "picture"),
        ("a.JPG", picture("JPEG"), "image/jpeg", "picture"),
        ("a.webp", picture("WEBP"), "image/webp", "picture"),
        ("list.csv", b"a;b\n1;2\n", "text/csv", "text"),
        ("words.txt", "schön\n".encode(), "text/plain", "text"),
        ("letter.docx", docx(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "document"),
        ("letter.odt", odt(), "application/vnd.oasis.opendocument.text", "document"),
    ],
)
def test_what_a_file_is_its_first_bytes_say(roofs: Engine, name: str, data: bytes, type: str, kind: str) -> None:
    """It is kept under an id that says nothing of its name, and comes back."""
    found = roofs.attach(name, data, by="ada")
    assert (found.name, found.type, found.kind, found.state, found.by) == (name, type, kind, "new", "ada")
    given = roofs.file_data(found.id, by="ada")
    assert len(given) == found.size
    if kind != "picture":
        assert given == data


@pytest.mark.parametrize(
    ("name", "data", "field", "words"),
    [
        ("empty.pdf", b"", "data", "is empty"),
        ("run.exe", b"MZ\x90\0\x03", "data", "no type that is taken"),
        ("photo.jpg", b"MZ\x90\0\x03", "data", "no type that is taken"),
        ("plan.pdf", picture("PNG"), "name", "is called .pdf, and is a picture"),
        ("photo.png", PDF, "name", "is called .png, and is a PDF"),
        ("page.html", b"<script>alert(1)</script>", "name", "is called .html, and is a text"),
        ("logo.svg", b"<svg onload='x()'/>", "name", "is called .svg, and is a text"),
        ("words.txt", b"\xff\xfe\x00w", "data", "no type that is taken"),
        ("photo.heic", b"\0\0\0\x18ftypheic\0\0\0\0", "data", "browsers cannot show"),
        ("all.zip", packed({"a.txt": b"x"}), "data", "archive of a type that is not taken"),
        ("cut.docx", docx()[:60], "data", "archive that cannot be read"),
        ("macro.docx", docx(**{"word/vbaProject.bin": b"x"}), "data", "macros"),
        ("cut.png", picture("PNG")[:40], "data", "no picture that can be read"),
        ("huge.png", huge_picture(), "data", "more pixels than are taken"),
        ("long.txt", b"x" * 600_001, "data", "has 600,001 bytes; at most 600,000 are taken"),
    ],
)
def test_an_upload_that_lies_or_explodes_is_refused(
    roofs: Engine, name: str, data: bytes, field: str, words: str
) -> None:
    """With what is wrong; and nothing is kept."""
    assert words in refused(roofs, name, data)[field]


def test_a_document_that_explodes_is_refused_by_what_it_says_of_itself(roofs: Engine) -> None:
    """Three hundred megabytes in three hundred kilobytes: its list of parts is read, and nothing is unpacked."""
    assert "unpacks to more than is taken" in refused(roofs, "x.docx", bomb())["data"]


def test_a_picture_is_written_anew(roofs: Engine) -> None:
    """Where it was made is gone, and it stands upright; what hides behind it is gone, too."""
    for data in (with_place(), with_place() + b"<script>"):
        id = roofs.attach("roof.jpg", data, by="ada").id
        given = roofs.file_data(id, by="ada")
        assert b"Secret Camera" in data
        assert b"Secret Camera" not in given
        assert b"<script>" not in given
        with Image.open(BytesIO(given)) as seen:
            assert seen.size == (6, 8)
            assert not seen.getexif()


def test_a_picture_that_moves_is_kept_as_its_first(roofs: Engine) -> None:
    """And called what it is then."""
    found = roofs.attach("dance.gif", picture("GIF"), by="ada")
    assert (found.name, found.type) == ("dance.png", "image/png")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\ada\\plan.txt", "plan.txt"),
        ("a\r\nSet-Cookie: x.txt", "aSet-Cookie_ x.txt"),
        ("evil\u202etxt.exe.txt", "eviltxt.exe.txt"),
        ("  .hidden.txt ", "hidden.txt"),
        ("", "file.txt"),
        ("..", "file.txt"),
        ("x" * 400 + ".txt", "x" * 146 + ".txt"),
        ("Größe 1\u0308.txt", "Größe 1̈.txt"),
    ],
)
def test_names_are_made_harmless(roofs: Engine, name: str, shown: str) -> None:
    """No path, no control characters, nothing that turns the writing round."""
    assert roofs.attach(name, b"words", by="ada").name == shown


def test_the_same_file_twice_is_two_files(roofs: Engine) -> None:
    """Of which one tells nothing of the other: each has a salt of its own."""
    one, other = (roofs.attach("plan.pdf", PDF, by="ada").id for _ in range(2))
    assert one != other
    assert roofs.file_data(one, by="ada") == roofs.file_data(other, by="ada") == PDF


def test_who_may_upload(roofs: Engine, job: str) -> None:
    """For a job that is not his, or is not there, nobody; and somebody it must be."""
    told = []
    for text in (job, "01890000-0000-7000-8000-000000000000", f"{job}.7"):
        with pytest.raises(NotFound) as error:
            roofs.attach("plan.pdf", PDF, text, by="ben")
        told.append(str(error.value).replace(text, "").replace("step", "job"))
    assert told[0] == told[1] == told[2]
    with pytest.raises(NotAllowed):
        roofs.attach("plan.pdf", PDF, by=Actor(kind="operator"))


def test_nobody_fills_the_disk_with_what_he_does_not_use(database: Database, clock: SimulatedClock) -> None:
    """Uploads that wait to be used have a size together, and so have the files of a job."""
    settings = Settings(files="memory://", largest_file=1_000, largest_files=2_500)
    with Engine(database, clock=clock, settings=settings) as engine:
        engine.deploy(ROOF)
        job = engine.start("roof", by="ada", need={"where": "x"}).job
        ids = [engine.attach("a.txt", b"x" * 1_000, job, by="ada").id for _ in range(2)]
        assert "more than you may upload at once" in refused(engine, "a.txt", b"x" * 1_000)["data"]
        engine.message(job, "Look", ids, by="ada")
        (third,) = (engine.attach("a.txt", b"x" * 1_000, job, by="ada").id,)
        with pytest.raises(BadAnswer) as error:
            engine.message(job, "And this", [third], by="ada")
        assert "of this job would have 3,000 bytes" in error.value.problems["files"]
        assert [one.text for one in engine.conversation(job)] == ["Look"]


def test_where_files_are_kept_must_be_said_beside_a_server(tmp_path: Path, clock: SimulatedClock) -> None:
    """Beside a SQLite file it goes without saying; what is no place is refused when the settings are made."""
    with Engine(f"sqlite:///{tmp_path}/flow.db", clock=clock) as engine:
        engine.add_customer("ada", "Ada")
        found = engine.attach("plan.pdf", PDF, by="ada")
        kept = list((tmp_path / "flow.db.files").rglob("*"))
        assert [one.name for one in kept if one.is_file()] == [found.id]
    for wrong in ("/var/files", "http://example.org", "file://host/x", "s3://"):
        with pytest.raises(NotConfigured):
            Settings(files=wrong)


# who may open them


def test_until_it_is_used_a_file_is_its_authors_alone(roofs: Engine, upload: Upload) -> None:
    """Nobody else knows of it; then those inside do, and who may read what it belongs to."""
    id = upload()
    assert [opens(roofs, id, by) for by in ("ada", "ben", "rob", "olga")] == [True, False, False, False]


def test_foreign_and_missing_files_answer_alike(roofs: Engine, upload: Upload) -> None:
    """But for what was asked."""
    id, told = upload(), []
    for text in (id, "file-" + "0" * 32, "file-", "../x", ""):
        with pytest.raises(NotFound) as error:
            roofs.file_data(text, by="ben")
        told.append(str(error.value).replace(repr(text), "…").replace(text, "") if text else str(error.value))
    assert told[0] == told[1]


def test_the_files_of_a_message_are_for_those_who_may_read_it(roofs: Engine, job: str, upload: Upload) -> None:
    """A customer's for those inside and himself; one of those inside for the customer as well: she can open it."""
    hers, his = upload(), upload("rob")
    roofs.message(job, "The plan", [hers], by="ada")
    roofs.message(job, "Our plan", [his], by="rob")
    for id in (hers, his):
        assert [opens(roofs, id, by) for by in ("ada", "ben", "rob", "olga")] == [True, False, True, True]
    seen = roofs.conversation(job, by="ada")
    assert [[file.name for file in one.files] for one in seen] == [["plan.pdf"], ["plan.pdf"]]


def test_the_files_of_a_note_are_for_those_inside(roofs: Engine, job: str, upload: Upload) -> None:
    """And of an answer, for who has asked."""
    inside = upload("rob")
    roofs.note(job, "Careful", [inside], by="rob")
    asked = roofs.message(job, "How much?", by="ada").question
    answer = upload("olga")
    roofs.message(job, "So much", [answer], to=asked, by="olga")
    assert [opens(roofs, inside, by) for by in ("ada", "rob", "olga")] == [False, True, True]
    assert [opens(roofs, answer, by) for by in ("ada", "ben", "rob")] == [True, False, True]


def test_only_his_own_upload_is_his_to_give(roofs: Engine, job: str, upload: Upload) -> None:
    """Not another's, not one that is used in another job, and not one that is not there."""
    other = roofs.start("roof", by="ada", need={"where": "South"}).job
    used = upload()
    roofs.message(job, "Look", [used], by="ada")
    for id in (upload("rob"), "file-" + "0" * 32, "x"):
        with pytest.raises(BadAnswer) as error:
            roofs.message(job, "Look", [id], by="ada")
        assert list(error.value.problems) == ["files"]
    with pytest.raises(BadAnswer):
        roofs.message(other, "Look", [used], by="ada")
    roofs.message(job, "Look again", [used], by="ada")
    assert len(roofs.conversation(job)) == 2


# in steps


def test_a_need_takes_a_file_that_was_uploaded_before_there_was_a_job(roofs: Engine) -> None:
    """The form says that a file is asked, and of which kinds."""
    (_, asked) = roofs.need("roof").questions
    assert (asked.type, asked.format, asked.kinds) == ("file", "file", ("picture",))
    id = roofs.attach("roof.png", picture(), by="ada").id
    job = roofs.start("roof", by="ada", need={"where": "North", "photo": id}).job
    assert roofs.data(job)["need"]["photo"] == id
    assert roofs.file(id).job == job
    assert [opens(roofs, id, by) for by in ("ada", "ben", "rob")] == [True, False, True]
    assert roofs.audit().fine


def test_an_answer_must_be_a_file_of_the_kind_that_is_asked(roofs: Engine, job: str, upload: Upload) -> None:
    """Uploaded by who answers."""
    (step,) = roofs.inbox("rob")
    text = roofs.attach("x.txt", b"words", job, by="rob").id
    for answer, words in (
        ({"plan": text}, "must be a pdf or a picture"),
        ({"plan": upload("ada")}, "that you have uploaded"),
        ({"plan": "file-12"}, "must be the id of a file"),
        ({"plan": 7}, "must be a text"),
        ({}, "is missing"),
    ):
        with pytest.raises(BadAnswer) as error:
            roofs.act(step.id, answer=answer, by="rob")
        assert words in error.value.problems["plan"]
    several = [upload("rob"), text]
    roofs.act(step.id, answer={"plan": upload("rob"), "more": several}, by="rob")
    assert roofs.data(job)["look"]["more"] == several


def test_an_answer_is_for_those_who_may_know_it(roofs: Engine, job: str, upload: Upload) -> None:
    """What is internal stays so; what is shown, the customer can open (L9)."""
    (step,) = roofs.inbox("rob")
    plan, sketch, more = (upload("rob") for _ in range(3))
    roofs.act(step.id, answer={"plan": plan, "sketch": sketch, "more": [more]}, by="rob")
    for id, hers in ((plan, True), (sketch, False), (more, False)):
        assert [opens(roofs, id, by) for by in ("ada", "ben", "olga")] == [hers, False, True]
    (agree,) = roofs.inbox("ada")
    assert dict(roofs.step(agree.id, "ada").shown)["The plan"] == f"plan.pdf ({plan})"
    facts = roofs.track(job, "ada").facts
    assert ("The plan", f"plan.pdf ({plan})") in facts
    assert not any(one in text for _, text in facts for one in (sketch, more))
    roofs.act(agree.id, "approved", by="ada")
    assert [opens(roofs, plan, by) for by in ("ada", "ben", "rob")] == [True, False, True]


def test_to_know_an_id_opens_nothing(roofs: Engine, job: str, upload: Upload) -> None:
    """Who types the id of a file into a text is not given it by that."""
    inside = upload("rob")
    roofs.note(job, "Careful", [inside], by="rob")
    roofs.start("roof", by="ben", need={"where": inside})
    roofs.message(job, f"What is {inside}?", by="ada")
    assert [opens(roofs, inside, by) for by in ("ada", "ben")] == [False, False]


# what becomes of them


def test_what_nobody_uses_is_deleted_after_a_day(
    roofs: Engine, job: str, clock: SimulatedClock, upload: Upload
) -> None:
    """With its contents; what is used stays."""
    unused, used = upload(), upload()
    roofs.message(job, "Look", [used], by="ada")
    clock.advance(timedelta(hours=23))
    assert roofs.run_due().uploads == 0
    clock.advance(timedelta(hours=2))
    assert roofs.run_due().uploads == 1
    assert [opens(roofs, id, "ada") for id in (unused, used)] == [False, True]
    with pytest.raises(FileNotFoundError):
        roofs.shell.depot.get(unused)
    with pytest.raises(BadAnswer):
        roofs.message(job, "Look", [unused], by="ada")
    assert roofs.run_due().uploads == 0


def test_a_scanner_looks_before_anybody_opens_it(database: Database, clock: SimulatedClock) -> None:
    """Until then it is said that it is being looked at; what is refused, nobody opens, and may be given no more."""

    def scan(data: bytes) -> Scanned:
        return Scanned(clean=b"worm" not in data, why="there is a worm in it")

    with Engine(database, clock=clock, settings=Settings(files="memory://", scanner=scan)) as engine:
        engine.add_customer("ada", "Ada")
        good, bad = (engine.attach(name, data, by="ada").id for name, data in (("a.txt", b"fine"), ("b.txt", b"worm")))
        assert engine.file(good, by="ada").words == "it is being looked at, and can be opened in a moment"
        with pytest.raises(NotAllowed):
            engine.file_data(good, by="ada")
        assert engine.run_due().uploads == 2
        assert (engine.file(good, by="ada").state, engine.file_data(good, by="ada")) == ("clean", b"fine")
        seen = engine.file(bad, by="ada")
        assert (seen.state, seen.words) == ("refused", "it was refused: there is a worm in it")
        with pytest.raises(NotAllowed, match="worm"):
            engine.file_data(bad, by="ada")
        with pytest.raises(BadAnswer) as error:
            engine.write("Look", [bad], by="ada")
        assert "was refused" in error.value.problems["files"]


def test_a_scanner_that_fails_is_asked_again(
    database: Database, clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A minute later; the others are looked at meanwhile."""
    away = [True]

    def scan(data: bytes) -> Scanned:
        if data == b"first" and away:
            raise OSError("the scanner is away")
        return Scanned(clean=True)

    with Engine(database, clock=clock, settings=Settings(files="memory://", scanner=scan)) as engine:
        engine.add_customer("ada", "Ada")
        first, second = (engine.attach("a.txt", data, by="ada").id for data in (b"first", b"second"))
        with caplog.at_level(logging.WARNING):
            ran = engine.run_due()
        assert (ran.uploads, ran.failed) == (1, 1)
        assert "the scanner is away" in caplog.text
        assert [engine.file(id, by="ada").state for id in (first, second)] == ["new", "clean"]
        away.clear()
        assert not engine.run_due().anything
        clock.advance(timedelta(minutes=1))
        assert engine.run_due().uploads == 1
        assert engine.file(first, by="ada").state == "clean"


def test_an_operator_refuses_a_file(roofs: Engine, job: str, upload: Upload) -> None:
    """Whoever asks for it is told why; others than operators may not."""
    id = upload()
    roofs.message(job, "Look", [id], by="ada")
    with pytest.raises(NotAllowed):
        roofs.refuse_file(id, because="no", by="rob")
    assert roofs.refuse_file(id, because="It is not yours", by="olga").state == "refused"
    with pytest.raises(NotAllowed, match="It is not yours"):
        roofs.file_data(id, by="ada")


def test_files_are_erased_with_their_customer(roofs: Engine, job: str, upload: Upload) -> None:
    """Those of her jobs, whoever uploaded them, and her own elsewhere: name, salt and contents; the rest of them is
    said to be erased, and the history stays whole (L5)."""
    (step,) = roofs.inbox("rob")
    hers, his, noted = upload(), upload("rob"), upload("rob")
    roofs.message(job, "Look", [hers], by="ada")
    roofs.note(job, "Inside", [noted], by="rob")
    roofs.act(step.id, answer={"plan": his}, by="rob")
    roofs.act(roofs.inbox("ada")[0].id, "approved", by="ada")
    alone = upload()
    mail = roofs.attach("x.txt", b"words", by="ada").id
    roofs.write("And this", [mail], by="ada")
    roofs.erase("ada", because="She has asked for it", by="olga")
    while roofs.run_due().anything:
        pass
    for id in (hers, his, noted, alone, mail):
        with pytest.raises(FileNotFoundError):
            roofs.shell.depot.get(id)
    for id in (hers, his, noted):
        seen = roofs.file(id, by="olga")
        assert (seen.state, seen.name, seen.type) == ("erased", "", "")
        with pytest.raises(NotFound, match="erased"):
            roofs.file_data(id, by="olga")
    assert roofs.conversation(job, by="olga") == []
    assert roofs.conversation_with("ben", by="olga") == []
    assert roofs.audit().fine


def test_a_file_is_not_uploaded_in_a_callers_transaction(roofs: Engine, database_url: str) -> None:
    """For it would not be taken back with it."""
    own = sa.create_engine(database_url)
    with own.begin() as connection, pytest.raises(NotAllowed):
        roofs.using(connection).attach("plan.pdf", PDF, by="ada")
    own.dispose()


def test_who_comes_by_a_link_to_a_job_is_shown_its_files_alone(roofs: Engine, job: str, upload: Upload) -> None:
    """And uploads for no other."""
    other = roofs.start("roof", by="ada", need={"where": "South"}).job
    here, there = upload("rob"), roofs.attach("plan.pdf", PDF, other, by="rob").id
    roofs.message(job, "The plan", [here], by="rob")
    roofs.message(other, "The plan", [there], by="rob")
    linked = Identity(person="ada", strength="link", job=job)
    assert roofs.file_data(here, by=linked) == PDF
    assert roofs.attach("x.txt", b"words", job, by=linked).job == job
    for ask in (
        lambda: roofs.file_data(there, by=linked),
        lambda: roofs.attach("x.txt", b"words", other, by=linked),
        lambda: roofs.attach("x.txt", b"words", by=linked),
        lambda: roofs.conversation(other, by=linked),
        lambda: roofs.conversation_with("ada", by=linked),
    ):
        with pytest.raises(NotFound):
            ask()
