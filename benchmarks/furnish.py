"""Make an empty installation usable: `python -m benchmarks.furnish RELEASE`.

All commands in one process, because starting Django costs more than most of them. Prints the demo
people with their passwords. The settings come from the environment, as always.
"""

import sys

import django
from django.conf import settings
from django.core.management import call_command


def main() -> None:
    (release,) = sys.argv[1:]
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    call_command("create_roles", verbosity=0)
    call_command("create_demo_people")
    call_command("register_model", release, "--seed", stdout=sys.stderr)
    if settings.STATIC_ROOT is not None:
        call_command("collectstatic", interactive=False, verbosity=0)


if __name__ == "__main__":
    main()
