"""What each part of the engine has: the shell, and who may use a verb whatever it is used on."""

from __future__ import annotations

from flowengine.commands.shell import Shell
from flowengine.people.identities import By


class Part:
    """A part of the engine: the verbs of one noun."""

    _shell: Shell

    def _for(self, verb: str, by: By) -> Shell:
        """The shell, for one who may use a verb whatever it is used on."""
        self._shell.asker(verb, by)
        return self._shell
