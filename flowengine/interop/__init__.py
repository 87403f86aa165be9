"""Pictures of a process: Mermaid for pages, an outline for terminals."""
