"""The form of a command beside its text: each can be made from the other."""

from __future__ import annotations

from dataclasses import dataclass, field

from eztaskmanager.arguments.checking import Findings, check_values
from eztaskmanager.arguments.describing import describe_command
from eztaskmanager.arguments.fields import Form, Values
from eztaskmanager.arguments.filling import read_values, write_argv
from eztaskmanager.arguments.inspection import get_parser, load_command
from eztaskmanager.arguments.masking import hide_secrets
from eztaskmanager.arguments.recording import FieldError
from eztaskmanager.arguments.text import to_argv, to_text
from eztaskmanager.arguments.validation import validate
from eztaskmanager.exceptions import ArgumentsError


@dataclass(frozen=True)
class Reading:
    """A text and the values it holds.

    Attributes:
        text: None where the values cannot be written as one.
        values: None where the form cannot show the text.
        findings: What is wrong, at which field.
    """

    text: str | None
    values: Values | None
    findings: Findings = field(default_factory=Findings)


@dataclass(frozen=True)
class CommandForm:
    """The form of a command.

    Attributes:
        form: What it consists of.
        warning: What is wrong with the wishes that the command has for it; empty for nothing.
    """

    command_name: str
    form: Form
    warning: str

    @classmethod
    def of(cls, command_name: str) -> CommandForm:
        """Make the form of a command.

        Raises:
            CommandUnavailable: The command or its parser cannot be had.
        """
        return cls(command_name, *describe_command(load_command(command_name), get_parser(command_name)))

    def read(self, text: str, *placeholders: str) -> Reading:
        """Read a text into values, and check it.

        Args:
            text: As people write it.
            placeholders: Words that stand for values which are not known here.
        """
        parser = get_parser(self.command_name)
        try:
            argv = to_argv(text, parser)
            values = read_values(parser, self.form, argv)
        except FieldError as exc:
            return Reading(text, None, self._failed(exc.key, exc, text))
        except ArgumentsError as exc:
            return Reading(text, None, self._unreadable(exc, text))
        findings = check_values(parser, self.form, values, argv, *placeholders)
        return Reading(text, values, self._hidden(findings, text))

    def write(self, values: Values, *placeholders: str) -> Reading:
        """Write values as a text, and check them."""
        parser = get_parser(self.command_name)
        try:
            argv = write_argv(parser, self.form, values)
        except ArgumentsError as exc:
            findings = check_values(parser, self.form, values, [], *placeholders)
            findings.errors.pop("", None)  # Said of no words at all.
            if not findings.errors or isinstance(exc, FieldError):
                findings.add(exc.key if isinstance(exc, FieldError) else "", str(exc))
            return Reading(None, values, findings)
        text = to_text(argv, parser)
        findings = check_values(parser, self.form, values, argv, *placeholders)
        return Reading(text, values, self._hidden(findings, text))

    def _unreadable(self, exc: ArgumentsError, text: str) -> Findings:
        try:
            validate(self.command_name, text)
        except ArgumentsError as refusal:
            return self._failed("", refusal, text)
        # The command takes it, and the form cannot show it.
        return self._failed("", exc, text)

    def _failed(self, key: str, exc: ArgumentsError, text: str) -> Findings:
        return self._hidden(Findings({key: [str(exc)]}), text)

    def _hidden(self, findings: Findings, text: str) -> Findings:
        findings.errors = {
            key: [hide_secrets(message, self.command_name, text) for message in messages]
            for key, messages in findings.errors.items()
        }
        return findings
