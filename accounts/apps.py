from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts.policies import can
        from core.rights import register_policy

        register_policy(can)
