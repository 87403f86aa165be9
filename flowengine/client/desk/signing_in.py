"""How people are known: links, codes, sessions, passkeys, and tokens of their own."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from flowengine.client.desk.part import Part
from flowengine.core.values import Json
from flowengine.views import signing_in as view


class SigningIn(Part):
    """How people are known: links, codes, sessions, passkeys, and tokens of their own."""

    def make_link(self, of: str, person: str = "", *, expires: datetime | None = None) -> view.NewLink:
        """A link to a job or a step for a customer."""
        return self._ask("make_link", of, person, expires=expires)

    def make_enrolment(self, person: str) -> view.NewLink:
        """A link by which somebody registers what he signs in with."""
        return self._ask("make_enrolment", person)

    def links(self, job: str) -> list[view.LinkView]:
        """The links of a job with each use of them."""
        return self._ask("links", job)

    def revoke_link(self, id: str) -> view.LinkView:
        """Make a link invalid, by its public id."""
        return self._ask("revoke_link", id)

    def sessions(self, person: str = "") -> list[view.SessionView]:
        """One's own sessions, the newest first."""
        return self._ask("sessions", person)

    def end_session(self, id: str) -> view.SessionView:
        """End a session, by its public id."""
        return self._ask("end_session", id)

    def sign_out_everywhere(self, person: str = "") -> int:
        """End all sessions: how many."""
        return self._ask("sign_out_everywhere", person)

    def credentials(self, person: str = "") -> list[view.CredentialView]:
        """What one signs in with."""
        return self._ask("credentials", person)

    def remove_credential(self, id: str, person: str = "") -> view.CredentialView:
        """Take away something that one signs in with."""
        return self._ask("remove_credential", id, person)

    def begin_passkey(self) -> view.PasskeyAsked:
        """What a browser is asked to make a passkey."""
        return self._ask("begin_passkey")

    def add_passkey(self, id: str, response: Mapping[str, Json], name: str = "") -> view.CredentialView:
        """The browser has made a passkey."""
        return self._ask("add_passkey", id, response, name)

    def begin_totp(self) -> view.TotpBegun:
        """A secret for one's authenticator."""
        return self._ask("begin_totp")

    def confirm_totp(self, id: str, code: str, name: str = "") -> view.CredentialView:
        """The authenticator shows that code, and signs in from now on."""
        return self._ask("confirm_totp", id, code, name)

    def bind_subject(self, person: str, provider: str, subject: str) -> view.CredentialView:
        """Say that an account of a provider is somebody's."""
        return self._ask("bind_subject", person, provider, subject)

    def issue_own_token(
        self, scopes: Sequence[str], *, name: str = "", expires: datetime | None = None
    ) -> view.NewOwnToken:
        """A token for programs that ask in one's own name; its secret is in the answer and never shown again."""
        return self._ask("issue_own_token", scopes, name=name, expires=expires)

    def own_tokens(self) -> list[view.OwnToken]:
        """One's own tokens, the oldest first."""
        return self._ask("own_tokens")

    def revoke_own_token(self, id: str) -> view.OwnToken:
        """Make a token of one's own invalid, by its public id."""
        return self._ask("revoke_own_token", id)

    def device(self, user_code: str) -> view.DeviceView:
        """What asks to be let in with those letters."""
        return self._ask("device", user_code)

    def approve_device(self, user_code: str, *, scopes: Sequence[str] = ("read", "act")) -> view.DeviceView:
        """Let a device in, in one's own name."""
        return self._ask("approve_device", user_code, scopes=scopes)

    def deny_device(self, user_code: str) -> view.DeviceView:
        """Do not let a device in."""
        return self._ask("deny_device", user_code)
