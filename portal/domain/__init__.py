"""The rules of Kaijo. Standard library only; nothing here reads a clock, a setting, a row or a request."""
