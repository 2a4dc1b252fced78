"""Takes arguments of each kind there is, and prints what it got."""

from __future__ import annotations

import argparse
import datetime as dt
import decimal
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from eztaskmanager.arguments import FieldRefinement, FormRefinement
from eztaskmanager.models import TaskCategory

OWN = (
    "region rows price since at folder colour dry_run notify no_check tags codes_of pairs loud message token mail full "
    "changed category internal format"
)


class Command(BaseCommand):
    help = "Import the price lists of the partners, as they put them into their folders."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("region", help="whose lists are imported")
        parser.add_argument("codes_of", nargs="*", metavar="codes", help="codes of articles; all of them when empty")
        parser.add_argument("--rows", type=int, default=100, help="rows in one go")
        parser.add_argument("--price", type=decimal.Decimal, help="highest price that is believed")
        parser.add_argument("--since", type=dt.date.fromisoformat, help="first day whose lists are taken")
        parser.add_argument("--at", type=dt.datetime.fromisoformat, help="moment at which prices change")
        parser.add_argument("--folder", type=Path, help="where the lists are")
        parser.add_argument("--colour", choices=["red", "green", "blue"], default="green", help="colour of the stamp")
        parser.add_argument("-n", "--dry-run", action="store_true", help="only tell what would be done")
        parser.add_argument("--notify", action=argparse.BooleanOptionalAction, help="tell the partners")
        parser.add_argument("--no-check", action="store_false", help="believe every row")
        parser.add_argument("--tag", dest="tags", action="append", help="tag of each article")
        parser.add_argument("--pairs", nargs=2, action="append", type=int, help="from and to")
        parser.add_argument("-l", "--loud", action="count", default=0, help="say more")
        parser.add_argument("--message", nargs="?", const="standard", help="greet the partners")
        parser.add_argument("--category", type=int, help="category of the articles")
        parser.add_argument("--internal", help="for those who know")
        access = parser.add_argument_group("access to the partner", "How to get in.")
        access.add_argument("--token", help="token of the partner's service")
        access.add_argument("--mail", help="who is told")
        extent = parser.add_mutually_exclusive_group()
        extent.add_argument("--full", action="store_true", help="everything")
        extent.add_argument("--changed", type=int, metavar="DAYS", help="what changed in these days")
        parser.add_argument("--format", choices=["csv", "xml"], help="format of the lists")

    def eztaskmanager_form(self) -> FormRefinement:
        """Say what the parser cannot."""
        return FormRefinement(
            fields={
                "codes_of": FieldRefinement(label="Codes"),
                "category": FieldRefinement(choices=lambda: TaskCategory.objects.values_list("pk", "name")),
                "mail": FieldRefinement(kind="email", placeholder="ann@example.org"),
                "internal": FieldRefinement(is_hidden=True),
            },
            order=("region", "codes_of", "since"),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        for name in OWN.split():
            self.stdout.write(f"{name}={options[name]!r}")
