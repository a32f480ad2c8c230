# bootkit: see ARCHITECTURE.md.
