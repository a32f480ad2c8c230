# ui/term: see ARCHITECTURE.md.
