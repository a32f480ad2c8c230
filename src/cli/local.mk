# cli: see ARCHITECTURE.md.
