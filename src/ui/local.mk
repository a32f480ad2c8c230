# ui: see ARCHITECTURE.md.
