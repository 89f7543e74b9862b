"""Make the tables of the front app and print a token: `python -m benchmarks.peers.prepare`."""

import django
from django.core.management import call_command


def main() -> None:
    django.setup()
    from django.contrib.auth import get_user_model
    from knox.models import AuthToken

    # The audit table has no migration and refers to one that has: it must come second.
    call_command("migrate", verbosity=0)
    call_command("migrate", run_syncdb=True, verbosity=0)
    user = get_user_model().objects.create_user("bench")
    print(AuthToken.objects.create(user)[1])


if __name__ == "__main__":
    main()
