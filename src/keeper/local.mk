# keeper: see ARCHITECTURE.md.
