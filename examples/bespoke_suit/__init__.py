"""A tailor's shop on flowengine: the handlers of ``processes/bespoke_suit.yaml``, with a pretend mill and till."""
