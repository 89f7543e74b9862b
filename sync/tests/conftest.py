"""For the tests of pulling: somebody with a tablet, and a catalogue."""

import pytest
from django.test import Client

from accounts.models import User
from sync.tests.mirror import Mirror, category, product


@pytest.fixture
def mirror(client: Client, carla: User) -> Mirror:
    client.force_login(carla)
    return Mirror(client)


@pytest.fixture
def catalogue(admin: User) -> None:
    category("Tools", admin)
    category("Drills", admin, "Tools")
    for number in range(7):
        product(f"A-{number}", admin, "Tools > Drills" if number % 2 else None)
