"""Files of tasks in YAML."""

from __future__ import annotations

from typing import Any

import yaml

from eztaskmanager.exceptions import TaskFileError
from eztaskmanager.services.as_code.values import shown

TIMESTAMP = "tag:yaml.org,2002:timestamp"


def load(text: str) -> object:
    """Read a text.

    Raises:
        TaskFileError: It is no YAML, or says a key twice.
    """
    try:
        # It derives from the safe one.
        return yaml.load(text, Loader=_Loader)  # nosec B506
    except (yaml.YAMLError, RecursionError, ValueError) as exc:
        raise TaskFileError(f"This is no YAML: {exc}") from exc


def dump(data: Any) -> str:
    """Write a text, in the order of the data."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=False)


def _without_moments(resolvers: dict[str, list[tuple[str, Any]]]) -> dict[str, list[tuple[str, Any]]]:
    return {first: [each for each in found if each[0] != TIMESTAMP] for first, found in resolvers.items()}


class _Loader(yaml.SafeLoader):
    """Leaves moments as they are written, and refuses a key that is there twice, which would hide the first."""

    yaml_implicit_resolvers = _without_moments(yaml.SafeLoader.yaml_implicit_resolvers)

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        assert isinstance(node, yaml.MappingNode)
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if len(set(keys)) < len(keys):
            twice = next(key for key in keys if keys.count(key) > 1)
            raise yaml.constructor.ConstructorError(None, None, f"the key {twice!r} is there twice", node.start_mark)
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ArithmeticError, AttributeError, LookupError, ValueError) as exc:
            # A value that says its type and is not of it; PyYAML's constructors fail in their own ways.
            message = f"{shown(node.value)} is no {node.tag.rpartition(':')[2]}"
            raise yaml.constructor.ConstructorError(None, None, message, node.start_mark) from exc


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such."""

    yaml_implicit_resolvers = _without_moments(yaml.SafeDumper.yaml_implicit_resolvers)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    if not text.replace("\n", "").isprintable():
        # Such as the character 0x85, a line's end to YAML, which PyYAML loses outside of quotes.
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _write_text)
