"""Secrets of commands that can be asked for their parsers: hidden from those who read, kept for those who launch."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from functools import lru_cache
from typing import Any

from django.core.management import get_commands
from django.utils.translation import gettext as _

from eztaskmanager.arguments.inspection import get_parser
from eztaskmanager.arguments.secrets import MASK, Piece, mask_secrets, read_pieces
from eztaskmanager.arguments.text import to_text
from eztaskmanager.exceptions import ArgumentsError, CommandUnavailable
from eztaskmanager.settings import app_settings


def mask_arguments(command_name: str, text: str) -> str:
    """Put dots in place of the secrets in the arguments of a command, those of one that is gone too."""
    if not text.strip():
        return text
    return mask_secrets(text, app_settings.SECRET_OPTIONS, _known_parser(command_name))


def hide_secrets(message: str, command_name: str, text: str) -> str:
    """Put dots in place of the secrets of these arguments wherever a message repeats them."""
    try:
        written = read_pieces(text, list(app_settings.SECRET_OPTIONS), _known_parser(command_name))
    except ArgumentsError:
        return message
    for pieces in written:
        for piece in pieces:
            if piece.secret:
                words = {*piece.words, " ".join(piece.words)} - {"", MASK}
                # As they are, and as a message quotes them.
                for word in sorted({*words, *(repr(word)[1:-1] for word in words)}, key=len, reverse=True):
                    message = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", MASK, message)
    return message


def put_secrets_back(command_name: str, text: str, original: str) -> str:
    """Give a text with the secrets of the original where it has their dots.

    Raises:
        ArgumentsError: Some dots stand for nothing that the original has.
    """
    if MASK not in text:
        return text
    parser, parts = _known_parser(command_name), list(app_settings.SECRET_OPTIONS)
    kept: dict[str, list[Piece]] = {}
    for pieces in read_pieces(original, parts, parser):
        for piece in pieces:
            if piece.secret:
                kept.setdefault(piece.secret, []).append(piece)
    texts = []
    for pieces in read_pieces(text, parts, parser):
        written = ""
        for piece in pieces:
            if piece.words == (MASK,):
                if not kept.get(piece.secret):
                    raise ArgumentsError(_("The dots stand for no value that is known here; write the value itself."))
                piece = Piece(kept[piece.secret].pop(0).words, piece.secret, piece.tie)
            written += (piece.tie if written else "") + " ".join(to_text([word]) for word in piece.words)
        texts.append(written)
    return ", ".join(texts)


def _known_parser(command_name: str) -> ArgumentParser | None:
    # Read only, so one serves for all rows of a list. A command that was replaced is another one.
    found = get_commands().get(command_name)
    return None if found is None else _parser_of(command_name, found)


@lru_cache(maxsize=500)
def _parser_of(command_name: str, found: Any) -> ArgumentParser | None:
    try:
        return get_parser(command_name)
    except CommandUnavailable:
        return None
