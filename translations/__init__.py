"""The words of each language: one catalogue a language, kept up to date by `flask translate`."""
