"""Work without a chain of command, on ``processes/open_contribution.yaml``: flowengine is made so itself."""
