"""Commands about being known: sessions, links, keys, devices, tokens of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowengine import Engine

if TYPE_CHECKING:
    from conftest import Flow


def engine(shop: Flow) -> Engine:
    """The engine on the shop's database."""
    return Engine(f"sqlite:///{shop.folder}/flow.db", clock=shop.clock, handlers={})


def test_a_token_of_ones_own(shop: Flow) -> None:
    """It is shown once, listed without its secret, and revoked."""
    made = shop.json("token", "create", "--own", "--scope", "read", "--name", "script", who="ada")
    with engine(shop) as behind:
        who = behind.identify(made["token"])
        assert (who.person, who.scopes) == ("ada", ("read",))
    (listed,) = shop.json("token", "list", "--own", who="ada")
    assert (listed["id"], listed["name"], "token" in listed) == (made["id"], "script", False)
    assert "script" in shop.run("token", "list", "--own", who="ada").stdout
    assert shop.json("token", "revoke", "--own", made["id"], who="ada")["revoked"]
    assert "revoked" in shop.run("token", "list", "--own", who="ada").stdout
    shown = shop.run("token", "create", "--own", "--scope", "read", who="ada").stdout
    assert "flow_" in shown
    assert "--own" in shown


def test_sessions_are_listed_and_ended(shop: Flow) -> None:
    """One by its id, or all."""
    with engine(shop) as behind:
        first, second = behind.sign_in("ada"), behind.sign_in("ada")
    assert {one["id"] for one in shop.json("sessions", "list", who="ada")} == {first.id, second.id}
    assert first.id in shop.run("sessions", "list", who="ada").stdout
    assert shop.json("sessions", "end", first.id, who="ada")["id"] == first.id
    assert shop.json("sessions", "list", "--person", "ada", who="olga")[0]["id"] == second.id
    assert shop.json("sessions", "end", "--all", who="ada") == {"ended": 1}
    assert "Nobody is signed in" in shop.run("sessions", "list", who="ada").stdout


def test_a_link_to_a_job(shop: Flow) -> None:
    """It opens the job for its customer, is listed with its uses, and revoked."""
    job = shop.start()
    made = shop.json("link", "create", job, "--expires", "P7D", who="tom")
    with engine(shop) as behind:
        assert behind.open_link(made["secret"]).session is not None
    assert made["secret"] not in shop.run("link", "list", job, who="tom").stdout
    (listed,) = shop.json("link", "list", job, who="ada")
    assert (listed["id"], listed["made_by"], len(listed["uses"])) == (made["id"], "tom", 1)
    assert shop.json("link", "revoke", made["id"], who="ada")["revoked"]
    assert "flowl_" in shop.run("link", "create", job, "--person", "ada", who="olga").stdout
    enrolled = shop.json("link", "enrol", "tom", who="olga")
    assert (enrolled["person"], enrolled["most"], enrolled["job"]) == ("tom", 1, "")


def test_a_device_is_let_in(shop: Flow) -> None:
    """By the letters that it shows; another is not."""
    with engine(shop) as behind:
        one, other = behind.begin_device("flow on laptop"), behind.begin_device("flow on desktop")
        assert "flow on laptop is let in" in shop.run("devices", "approve", one.user_code, who="ada").stdout
        assert shop.json("devices", "deny", other.user_code, who="ada")["client"] == "flow on desktop"
        assert behind.poll_device(one.device_code).person == "ada"
        assert behind.poll_device(other.device_code).state == "access_denied"


def test_keys_are_listed_and_removed(shop: Flow) -> None:
    """What somebody signs in with, by himself or an operator."""
    from flowengine.commands.totp import STEP, code_at

    assert "nothing to sign in with" in shop.run("keys", "list", who="ada").stdout
    with engine(shop) as behind:
        from base64 import b32decode

        begun = behind.begin_totp(by="ada")
        step = int(behind.clock.now().timestamp()) // STEP
        made = behind.confirm_totp(begun.id, code_at(b32decode(begun.secret), step), "Phone", by="ada")
    assert shop.json("keys", "list", "--person", "ada", who="olga")[0]["name"] == "Phone"
    assert "authenticator" in shop.run("keys", "list", who="ada").stdout
    assert shop.json("keys", "remove", made.id, who="ada")["kind"] == "totp"
    assert shop.json("keys", "list", who="ada") == []
