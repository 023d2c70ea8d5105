"""Somebody who looks after an account, at a browser that is signed in as theirs."""

from __future__ import annotations

from flask import Flask

from tests.casework.keepers import Keeper
from tests.public.visitor import Visitor


def browser_of(app: Flask, keeper: Keeper, language: str = "ja", stage: str = "full") -> Visitor:
    """A browser that has come as far as a stage. How it gets there is tested with the sign-in."""
    made = Visitor(app, language)
    made.client.set_cookie("owner", keeper.signed_in(stage).raw)
    return made
