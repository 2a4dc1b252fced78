"""Forms in which people define tasks."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import available_timezones

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import ValidationError
from django.db.models import Field, Q, QuerySet
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_lazy as _

from eztaskmanager.arguments import put_secrets_back, validate
from eztaskmanager.exceptions import ArgumentsError, CommandUnavailable, ScheduleError
from eztaskmanager.models import AppCommand, Task
from eztaskmanager.schedules.wall_clock import load_zone, moment_of, shown_in, wall_of

if TYPE_CHECKING:
    TaskModelForm = forms.ModelForm[Task]
else:
    TaskModelForm = forms.ModelForm

IN_THE_PAST = _("It is not possible to schedule tasks in the past")
IS_OVER = _("The schedule has no moment left to run.")
WALL_CLOCKS = ("scheduling", "ends_at")


class WallClockField(forms.SplitDateTimeField):
    """A date and a time as some clock shows them, without knowing yet which clock."""

    widget = AdminSplitDateTime

    def compress(self, data_list: Any) -> dt.datetime | None:
        """Join the two into a naive moment."""
        if not data_list:
            return None
        date, time = data_list
        if date in self.empty_values:
            raise ValidationError(self.error_messages["invalid_date"], code="invalid_date")
        if time in self.empty_values:
            raise ValidationError(self.error_messages["invalid_time"], code="invalid_time")
        return dt.datetime.combine(date, time)


class SuggestingInput(forms.TextInput):
    """A text input that suggests values while one writes."""

    template_name = "eztaskmanager/widgets/suggesting_input.html"

    def __init__(self, suggestions: list[str], attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.suggestions = suggestions

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Tie the input to its suggestions."""
        context = super().get_context(name, value, attrs)
        list_id = f"{context['widget']['attrs'].get('id', name)}_suggestions"
        context["widget"]["attrs"]["list"] = list_id
        context["widget"].update(list_id=list_id, suggestions=self.suggestions)
        return context


def _column(name: str) -> Field[Any, Any]:
    field = Task._meta.get_field(name)
    assert isinstance(field, Field)
    return field


class ScheduleForm(TaskModelForm):
    """The schedule of a task, with its moments as the clocks of the task's zone show them."""

    scheduling = WallClockField(required=False)
    ends_at = WallClockField(required=False)

    # May be left out, or empty: the defaults of the model serve.
    DEFAULTED: ClassVar[tuple[str, ...]] = ("jitter",)

    class Meta:
        model = Task
        fields: tuple[str, ...] = Task.SCHEDULE_FIELDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in WALL_CLOCKS:
            if name in self.fields:
                column = _column(name)
                self.fields[name].label, self.fields[name].help_text = capfirst(column.verbose_name), column.help_text
                self.initial[name] = self._wall_of(self.initial.get(name))
        for name in self.DEFAULTED:
            if name in self.fields:
                self.fields[name].required = False
        if "timezone" in self.fields:
            self.fields["timezone"].widget = SuggestingInput(
                sorted(available_timezones()),
                {"class": "vTextField ez-zone", "placeholder": timezone.get_default_timezone_name()},
            )

    def clean(self) -> dict[str, Any]:
        """Read the moments by the clock of the zone, and refuse what will never run."""
        super().clean()
        for name in self.DEFAULTED:
            if name not in self.errors and self.cleaned_data.get(name) in (None, ""):
                self.cleaned_data[name] = self._default_of(name)
        zone = self._zone()
        for name in WALL_CLOCKS:
            wall = self.cleaned_data.pop(name, None)
            if zone is not None and name not in self.errors:
                self._read_moment(name, wall, zone)
        if not self.errors and self._is_new_schedule():
            self._refuse_what_is_over()
        return self.cleaned_data

    def _wall_of(self, value: Any) -> Any:
        if not isinstance(value, dt.datetime) or timezone.is_naive(value):
            return value
        try:
            zone = load_zone(self.instance.zone_name)
        except ScheduleError:
            zone = timezone.get_default_timezone()
        return shown_in(value, zone).replace(tzinfo=None, fold=0)

    def _default_of(self, name: str) -> Any:
        is_left_out = self.fields[name].widget.value_omitted_from_data(self.data, self.files, self.add_prefix(name))
        return getattr(self.instance, name) if is_left_out else _column(name).get_default()

    def _zone(self) -> dt.tzinfo | None:
        if "timezone" in self.errors:
            return None
        name = self.cleaned_data.get("timezone", self.instance.timezone) or timezone.get_default_timezone_name()
        try:
            return load_zone(name)
        except ScheduleError as exc:
            self.add_error("timezone", str(exc))
            return None

    def _read_moment(self, name: str, wall: dt.datetime | None, zone: dt.tzinfo) -> None:
        if wall is None:
            self.cleaned_data[name] = None
            return
        before = getattr(self.instance, name)
        try:
            # The form shows no fractions of a second, and one side of a repeated hour: what was not touched, stays.
            if before is not None and wall_of(before, zone).replace(microsecond=0) == wall.replace(microsecond=0):
                self.cleaned_data[name] = before
            else:
                self.cleaned_data[name] = moment_of(wall, zone)
        except (OverflowError, ValueError):
            self.add_error(name, gettext("%(moment)s is out of the calendar.") % {"moment": wall})

    def _is_new_schedule(self) -> bool:
        return self.instance._state.adding or any(
            name in self.cleaned_data and getattr(self.instance, name) != self.cleaned_data[name]
            for name in Task.SCHEDULE_FIELDS
        )

    def _refuse_what_is_over(self) -> None:
        values = {name: getattr(self.instance, name) for name in Task.SCHEDULE_FIELDS}
        values.update((name, value) for name, value in self.cleaned_data.items() if name in values)
        schedule = Task(pk=self.instance.pk, **values).schedule
        try:
            schedule.check()
            if schedule.is_empty or schedule.next_after(timezone.now()) is not None:
                return
        except ScheduleError:
            return  # `Task.clean()` tells what is wrong.
        if schedule.is_periodic or schedule.cron or not schedule.start:
            self.add_error("ends_at" if schedule.ends_at else None, str(IS_OVER))
        else:
            self.add_error("scheduling", str(IN_THE_PAST))


class TaskForm(ScheduleForm):
    """A task, its arguments held against its command's parser.

    Attributes:
        commands: Those the user may choose from; None for all.
    """

    commands: ClassVar[QuerySet[AppCommand] | None] = None

    DEFAULTED = ("jitter", "overlap", "max_retries", "retry_delay")

    class Meta(ScheduleForm.Meta):
        fields = (
            "name",
            "command",
            "arguments",
            "category",
            "note",
            *Task.SCHEDULE_FIELDS,
            "misfire_grace",
            "overlap",
            "max_retries",
            "retry_delay",
            "time_limit",
            "expected_duration",
            "queue",
            "keep_reports",
            "ping_url",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, rows in (("arguments", 3), ("note", 3)):
            if name in self.fields:
                self.fields[name].widget.attrs["rows"] = rows
        if "command" in self.fields:
            commands = AppCommand.objects.all() if self.commands is None else self.commands
            # A command that was switched off stays on the tasks that have it.
            may_be_chosen = commands.filter(Q(active=True) | Q(pk=self.instance.command_id))
            field = self.fields["command"]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = may_be_chosen

    def _get_validation_exclusions(self) -> set[str]:
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        if "command" not in self.changed_data:
            # The model would ask for an active one.
            excluded.add("command")
        return excluded

    def clean(self) -> dict[str, Any]:
        """Check schedule and arguments."""
        super().clean()
        command, arguments = self.cleaned_data.get("command"), self.cleaned_data.get("arguments")
        if command is None or arguments is None:
            return self.cleaned_data
        try:
            validate(command.name, arguments)
        except CommandUnavailable as exc:
            # Whoever wants to end the schedule of a command that is gone must be able to save.
            if command.pk != self.instance.command_id or "arguments" in self.changed_data:
                self.add_error("command", str(exc))
        except ArgumentsError as exc:
            self.add_error("arguments", str(exc))
        return self.cleaned_data


class LaunchForm(forms.Form):
    """What is asked before a task is launched: its arguments for this once, and the words that confirm it.

    Args:
        task: What is launched.
        arguments: What stands there at first; None where no arguments are asked for.
        original: The arguments with their secrets, where `arguments` shows dots for them; else None.
    """

    arguments = forms.CharField(
        label=_("Arguments"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
    )
    confirmation = forms.CharField(
        label=_("Confirmation"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "vTextField"}),
    )

    def __init__(self, data: Any, *, task: Task, arguments: str | None, original: str | None) -> None:
        super().__init__(data, initial={"arguments": arguments})
        self.task, self.original = task, original
        wanted = task.command.confirmation
        if arguments is None:
            del self.fields["arguments"]
        else:
            self.fields["arguments"].help_text = _column("arguments").help_text
        if wanted:
            sentence = gettext("This command asks to be confirmed. Type these words: %(words)s")
            self.fields["confirmation"].help_text = sentence % {"words": wanted}
        else:
            del self.fields["confirmation"]

    def clean_arguments(self) -> str:
        """Put back the secrets that dots stand for, and ask the command's parser."""
        text: str = self.cleaned_data["arguments"]
        try:
            if self.original is not None:
                text = put_secrets_back(self.task.command.name, text, self.original)
            validate(self.task.command.name, text)
        except ArgumentsError as exc:
            raise ValidationError(str(exc)) from exc
        return text

    def clean_confirmation(self) -> str:
        """Take nothing but the words."""
        typed: str = self.cleaned_data["confirmation"]
        wanted = self.task.command.confirmation
        if typed.strip() != wanted.strip():
            raise ValidationError(gettext("Type these words to launch it: %(words)s") % {"words": wanted})
        return typed
