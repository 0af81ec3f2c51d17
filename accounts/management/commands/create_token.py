"""``manage.py create_token USER --scope plan:read``: print a new API token once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.policies import TOKEN_SCOPES
from accounts.services import create_token
from core.errors import AppError


class Command(BaseCommand):
    help = "Create an API token for a user and print it. It is shown this once only."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="user name of the token's owner")
        parser.add_argument(
            "--scope",
            action="append",
            required=True,
            help=f"what the token may do; repeat or separate by commas: {', '.join(TOKEN_SCOPES)}",
        )
        parser.add_argument("--name", default="command line", help="what the token is for")
        parser.add_argument("--days", type=int, default=90, help="days until it expires")

    def handle(self, *args: Any, user: str, scope: list[str], name: str, days: int, **options: Any) -> None:
        owner = User.objects.filter(username=user, is_active=True).first()
        if owner is None:
            raise CommandError(f"There is no active user {user!r}.")
        scopes = [part.strip() for text in scope for part in text.split(",") if part.strip()]
        try:
            _token, plaintext = create_token(user=owner, name=name, scopes=scopes, days=days)
        except AppError as error:
            raise CommandError(str(error.message)) from error
        self.stdout.write(plaintext)
