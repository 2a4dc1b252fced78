"""Secrets of commands that can be asked for their parsers: hidden from those who read, kept for those who launch."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from django.core.management import get_commands
from django.utils.translation import gettext as _

from eztaskmanager.arguments.inspection import get_parser
from eztaskmanager.arguments.recording import effect_of, record
from eztaskmanager.arguments.secrets import MASK, Piece, mask_secrets, read_pieces, write_pieces
from eztaskmanager.arguments.text import to_argv
from eztaskmanager.exceptions import ArgumentsError, CommandUnavailable
from eztaskmanager.settings import app_settings


def mask_arguments(command_name: str, text: str) -> str:
    """Put dots in place of the secrets in the arguments of a command, those of one that is gone too."""
    if not text.strip():
        return text
    return mask_secrets(text, app_settings.SECRET_OPTIONS, known_parser(command_name))


def hide_secrets(message: str, command_name: str, text: str) -> str:
    """Put dots in place of the secrets of these arguments wherever a message repeats them."""
    try:
        written = read_pieces(text, list(app_settings.SECRET_OPTIONS), known_parser(command_name))
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
    parser, parts = known_parser(command_name), list(app_settings.SECRET_OPTIONS)
    kept: dict[str, list[Piece]] = {}
    pieces_of_original = read_pieces(original, parts, parser)
    if parser is not None and not _mean_the_same(parser, original, _write_whole(pieces_of_original)):
        # Something is hidden within another value, by someone's slip.
        raise _unknown_dots()
    for pieces in pieces_of_original:
        for piece in pieces:
            if piece.secret:
                kept.setdefault(piece.secret, []).append(piece)
    changed = [[_put_back(piece, kept) for piece in pieces] for pieces in read_pieces(text, parts, parser)]
    whole = _write_whole(changed)
    if MASK in whole:
        # Among other words it is not known for how many of them they stand.
        raise _unknown_dots()
    return whole


def _put_back(piece: Piece, kept: dict[str, list[Piece]]) -> Piece:
    if piece.words != (MASK,):
        return piece
    if not kept.get(piece.secret):
        raise _unknown_dots()
    return replace(piece, words=kept[piece.secret].pop(0).words)


def _unknown_dots() -> ArgumentsError:
    return ArgumentsError(_("The dots stand for no value that is known here; write the value itself."))


def _write_whole(written: Iterable[Iterable[Piece]]) -> str:
    return write_pieces([replace(piece, secret="") for piece in pieces] for pieces in written)


def _mean_the_same(parser: ArgumentParser, one: str, other: str) -> bool:
    try:
        effect = effect_of(record(parser, to_argv(one, parser)))
    except ArgumentsError:
        return True  # It is refused anyway.
    try:
        return effect == effect_of(record(parser, to_argv(other, parser)))
    except ArgumentsError:
        return False


def known_parser(command_name: str) -> ArgumentParser | None:
    """Get the parser of a command to read in, not to change; None where there is none to be had."""
    # One serves for all rows of a list. A command that was replaced is another one.
    found = get_commands().get(command_name)
    return None if found is None else _parser_of(command_name, found)


@lru_cache(maxsize=500)
def _parser_of(command_name: str, found: Any) -> ArgumentParser | None:
    try:
        return get_parser(command_name)
    except CommandUnavailable:
        return None
