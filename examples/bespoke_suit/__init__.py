"""A tailor's shop on flowengine: the handlers of ``processes/bespoke_suit.yaml``, and a pretend mill behind them."""
