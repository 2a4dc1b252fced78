"""The choice of a colour in a form: the browser's own, and none."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django import forms
from django.forms.widgets import Script

# What the browser's input shows while there is no colour.
PROPOSAL = "#5f7a99"
COLOR = re.compile(r"#[0-9a-fA-F]{6}\Z")


class ColorInput(forms.Widget):
    """The browser's choice of colours, and a box for none: the browser's alone always has one."""

    template_name = "eztaskmanager/widgets/color_input.html"

    class Media:
        css: ClassVar[Any] = {"all": ("eztaskmanager/css/overview.css", "eztaskmanager/css/color_input.css")}
        js: ClassVar[Any] = (Script("eztaskmanager/js/color_input.js", type="module"),)

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Give the template the colour to show, and the name of the box."""
        context = super().get_context(name, value, attrs)
        has_color = bool(value) and COLOR.match(str(value)) is not None
        context["widget"].update(
            shown=value if has_color else PROPOSAL,
            is_none=not value,
            name_of_none=f"{name}_none",
            is_odd=bool(value) and not has_color,
        )
        return context

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """Read the colour, which is empty where the box is ticked."""
        return "" if data.get(f"{name}_none") else data.get(name, "")

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Tell whether neither was sent."""
        return name not in data and f"{name}_none" not in data
