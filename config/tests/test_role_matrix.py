"""Who gets what from every address: each address of the URL table, by each role and by a stranger.

The table is written by hand and read by people. An address that has no line in it fails here, and
so does a method that a view has learned: whoever adds one says who may use it.
"""

import re
from collections.abc import Iterator
from http.cookies import SimpleCookie
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.test import Client
from django.urls import URLResolver, get_resolver
from django.views.generic import RedirectView
from knox.models import AuthToken

from accounts import actions as accounts
from accounts.models import User
from accounts.roles import ROLES, STAFF
from inventory import actions as inventory
from inventory.models import Product
from jobs.models import Job
from ledger import tree
from ledger.models import Checkpoint, Entry, Leaf, LogKey
from lib import clock
from predictions import actions as predictions
from predictions.actions.recalls import recall
from predictions.actions.replays import request_replay
from predictions.models import ReplayFinding
from predictions.receipts import Asker, Question
from registry.models import Approval, Deployment
from registry.tests.releases import SHA256
from sync.tests.pushing import Tablet

pytestmark = pytest.mark.django_db

PEOPLE = [
    "stranger",
    "picker",
    "reviewer",
    "data_scientist",
    "approver",
    "auditor",
    "administrator",
]

# 401 and 403 refuse, and so does a 302 to where one signs in. A 302 for somebody who is signed in
# leads on. 405 means that nobody does this here. Anything else says that they may. The columns are
# the PEOPLE above, in their order.
TABLE = """
# pages                                                   anon pick revw data appr audt admn
GET    /                                                   200  200  200  200  200  200  200
POST   /                                                   200  200  200  200  200  200  200
GET    /categories                                         302  200  200  200  200  200  200
POST   /categories                                         302  405  405  405  405  405  405
GET    /healthz                                            200  200  200  200  200  200  200
POST   /healthz                                            200  200  200  200  200  200  200
GET    /manifest.webmanifest                               200  200  200  200  200  200  200
POST   /manifest.webmanifest                               405  405  405  405  405  405  405
GET    /metrics                                            401  403  403  403  403  200  200
GET    /offline                                            200  200  200  200  200  200  200
POST   /offline                                            405  405  405  405  405  405  405
GET    /products                                           302  200  200  200  200  200  200
POST   /products                                           302  405  405  405  405  405  405
GET    /products/<id>                                      302  200  200  200  200  200  200
POST   /products/<id>                                      302  405  405  405  405  405  405
GET    /products/<id>/edit                                 302  200  200  403  403  403  200
POST   /products/<id>/edit                                 302  405  405  403  403  403  405
GET    /products/new                                       302  200  200  403  403  403  200
POST   /products/new                                       302  405  405  403  403  403  405
GET    /readyz                                             200  200  200  200  200  200  200
POST   /readyz                                             200  200  200  200  200  200  200
GET    /review                                             302  200  200  403  403  403  200
POST   /review                                             302  405  405  403  403  403  405
GET    /sign-in                                            200  200  200  200  200  200  200
POST   /sign-in                                            200  200  200  200  200  200  200
PUT    /sign-in                                            200  200  200  200  200  200  200
POST   /sign-out                                           302  302  302  302  302  302  302
GET    /sw.js                                              200  200  200  200  200  200  200
POST   /sw.js                                              405  405  405  405  405  405  405
GET    /tablet/                                            200  200  200  200  200  200  200
POST   /tablet/                                            405  405  405  405  405  405  405
GET    /tablet/<place>                                     200  200  200  200  200  200  200
POST   /tablet/<place>                                     405  405  405  405  405  405  405
GET    /ledger/checkpoint                                  200  200  200  200  200  200  200
GET    /ledger/tile/<path>                                 200  200  200  200  200  200  200
# the API                                                 anon pick revw data appr audt admn
GET    /api/docs/                                          200  200  200  200  200  200  200
GET    /api/schema/                                        200  200  200  200  200  200  200
GET    /api/v1/categories                                  401  200  200  200  200  200  200
POST   /api/v1/categories                                  401  403  403  403  403  403  201
GET    /api/v1/categories/<id>                             401  200  200  200  200  200  200
PUT    /api/v1/categories/<id>                             401  403  403  403  403  403  200
PATCH  /api/v1/categories/<id>                             401  403  403  403  403  403  200
DELETE /api/v1/categories/<id>                             401  403  403  403  403  403  204
GET    /api/v1/deployments                                 401  403  403  200  200  200  200
GET    /api/v1/ledger/consistency                          200  200  200  200  200  200  200
GET    /api/v1/ledger/key                                  200  200  200  200  200  200  200
GET    /api/v1/models/live                                 401  200  200  200  200  200  200
GET    /models/<sha256>                                    401  200  200  200  200  200  200
POST   /api/v1/predictions                                 401  200  200  200  403  403  200
GET    /api/v1/predictions/<id>                            401  200  200  200  200  200  200
GET    /api/v1/predictions/<id>/explanation                401  200  200  200  200  200  200
GET    /api/v1/predictions/<id>/opening                    401  200  200  200  200  200  200
GET    /api/v1/predictions/<id>/proof                      401  403  403  403  403  409  409
POST   /api/v1/predictions/<id>/replay                     401  403  403  403  403  200  200
POST   /api/v1/predictions/<id>/review                     401  201  201  403  403  403  201
GET    /api/v1/products                                    401  200  200  200  200  200  200
POST   /api/v1/products                                    401  201  201  403  403  403  201
GET    /api/v1/products/<id>                               401  200  200  200  200  200  200
PUT    /api/v1/products/<id>                               401  200  200  403  403  403  200
PATCH  /api/v1/products/<id>                               401  200  200  403  403  403  200
DELETE /api/v1/products/<id>                               401  403  403  403  403  403  204
PUT    /api/v1/products/<id>/category                      401  200  200  403  403  403  200
GET    /api/v1/products/<id>/prediction                    401  200  200  200  403  403  200
GET    /api/v1/products/<id>/predictions                   401  200  200  200  200  200  200
GET    /api/v1/reviews/queue                               401  200  200  403  403  403  200
GET    /api/v1/session                                     200  200  200  200  200  200  200
POST   /api/v1/session                                     401  401  401  401  401  401  401
DELETE /api/v1/session                                     204  204  204  204  204  204  204
GET    /api/v1/sync/changes                                401  200  200  200  200  200  200
POST   /api/v1/tablets/<id>                                401  200  200  200  200  200  200
GET    /api/v1/sync/ops                                    401  200  200  200  200  200  200
POST   /api/v1/sync/push                                   401  200  200  200  200  200  200
GET    /api/v1/tokens                                      401  200  200  200  200  200  200
POST   /api/v1/tokens                                      401  201  201  201  201  201  201
DELETE /api/v1/tokens/<id>                                 401  204  204  204  204  204  204
# the administration                                      anon pick revw data appr audt admn
GET    /admin/                                             302  302  302  200  200  200  200
POST   /admin/                                             302  302  302  200  200  200  200
GET    /admin/login/                                       200  200  200  302  302  302  302
POST   /admin/login/                                       200  200  200  200  200  200  200
GET    /admin/logout/                                      302  302  302  405  405  405  405
POST   /admin/logout/                                      302  302  302  302  302  302  302
GET    /admin/password_change/                             302  302  302  200  200  200  200
POST   /admin/password_change/                             302  302  302  200  200  200  200
GET    /admin/password_change/done/                        302  302  302  200  200  200  200
GET    /admin/autocomplete/                                302  302  302  403  403  403  403
GET    /admin/jsi18n/                                      302  302  302  200  200  200  200
GET    /admin/r/<content_type_id>/<object_id>/             302  302  302  404  404  404  404
GET    /admin/knox/authtoken/                              302  302  302  403  403  403  403
POST   /admin/knox/authtoken/                              302  302  302  403  403  403  403
GET    /admin/knox/authtoken/add/                          302  302  302  403  403  403  403
POST   /admin/knox/authtoken/add/                          302  302  302  403  403  403  403
GET    /admin/knox/authtoken/<object_id>/history/          302  302  302  403  403  403  403
GET    /admin/knox/authtoken/<object_id>/delete/           302  302  302  403  403  403  403
POST   /admin/knox/authtoken/<object_id>/delete/           302  302  302  403  403  403  403
GET    /admin/knox/authtoken/<object_id>/change/           302  302  302  403  403  403  403
POST   /admin/knox/authtoken/<object_id>/change/           302  302  302  403  403  403  403
GET    /admin/knox/authtoken/<object_id>/                  302  302  302  302  302  302  302
GET    /admin/accounts/tablet/                             302  302  302  403  403  200  200
POST   /admin/accounts/tablet/                             302  302  302  403  403  200  200
GET    /admin/accounts/tablet/add/                         302  302  302  403  403  403  403
POST   /admin/accounts/tablet/add/                         302  302  302  403  403  403  403
GET    /admin/accounts/tablet/<object_id>/history/         302  302  302  403  403  200  200
GET    /admin/accounts/tablet/<object_id>/delete/          302  302  302  403  403  403  403
POST   /admin/accounts/tablet/<object_id>/delete/          302  302  302  403  403  403  403
GET    /admin/accounts/tablet/<object_id>/change/          302  302  302  403  403  200  200
POST   /admin/accounts/tablet/<object_id>/change/          302  302  302  403  403  403  403
GET    /admin/accounts/tablet/<object_id>/                 302  302  302  302  302  302  302
GET    /admin/accounts/user/<id>/password/                 302  302  302  403  403  403  200
POST   /admin/accounts/user/<id>/password/                 302  302  302  403  403  403  200
GET    /admin/accounts/user/                               302  302  302  403  403  200  200
POST   /admin/accounts/user/                               302  302  302  403  403  200  200
GET    /admin/accounts/user/add/                           302  302  302  403  403  403  200
POST   /admin/accounts/user/add/                           302  302  302  403  403  403  200
GET    /admin/accounts/user/<object_id>/history/           302  302  302  403  403  200  200
GET    /admin/accounts/user/<object_id>/delete/            302  302  302  403  403  403  403
POST   /admin/accounts/user/<object_id>/delete/            302  302  302  403  403  403  403
GET    /admin/accounts/user/<object_id>/change/            302  302  302  403  403  200  200
POST   /admin/accounts/user/<object_id>/change/            302  302  302  403  403  403  200
GET    /admin/accounts/user/<object_id>/                   302  302  302  302  302  302  302
GET    /admin/ledger/entry/                                302  302  302  403  403  200  200
POST   /admin/ledger/entry/                                302  302  302  403  403  200  200
GET    /admin/ledger/entry/status/                         302  302  302  403  403  200  200
GET    /admin/ledger/entry/add/                            302  302  302  403  403  403  403
POST   /admin/ledger/entry/add/                            302  302  302  403  403  403  403
GET    /admin/ledger/entry/<object_id>/history/            302  302  302  403  403  200  200
GET    /admin/ledger/entry/<object_id>/delete/             302  302  302  403  403  403  403
POST   /admin/ledger/entry/<object_id>/delete/             302  302  302  403  403  403  403
GET    /admin/ledger/entry/<object_id>/change/             302  302  302  403  403  200  200
POST   /admin/ledger/entry/<object_id>/change/             302  302  302  403  403  403  403
GET    /admin/ledger/entry/<object_id>/                    302  302  302  302  302  302  302
GET    /admin/jobs/job/                                    302  302  302  403  403  200  200
POST   /admin/jobs/job/                                    302  302  302  403  403  200  200
GET    /admin/jobs/job/add/                                302  302  302  403  403  403  403
POST   /admin/jobs/job/add/                                302  302  302  403  403  403  403
GET    /admin/jobs/job/<object_id>/history/                302  302  302  403  403  200  200
GET    /admin/jobs/job/<object_id>/delete/                 302  302  302  403  403  403  403
POST   /admin/jobs/job/<object_id>/delete/                 302  302  302  403  403  403  403
GET    /admin/jobs/job/<object_id>/change/                 302  302  302  403  403  200  200
POST   /admin/jobs/job/<object_id>/change/                 302  302  302  403  403  403  403
GET    /admin/jobs/job/<object_id>/                        302  302  302  302  302  302  302
GET    /admin/inventory/category/                          302  302  302  200  200  200  200
POST   /admin/inventory/category/                          302  302  302  200  200  200  200
GET    /admin/inventory/category/add/                      302  302  302  403  403  403  200
POST   /admin/inventory/category/add/                      302  302  302  403  403  403  200
GET    /admin/inventory/category/<object_id>/history/      302  302  302  302  302  302  302
GET    /admin/inventory/category/<object_id>/delete/       302  302  302  403  403  403  200
POST   /admin/inventory/category/<object_id>/delete/       302  302  302  403  403  403  200
GET    /admin/inventory/category/<object_id>/change/       302  302  302  200  200  200  200
POST   /admin/inventory/category/<object_id>/change/       302  302  302  403  403  403  200
GET    /admin/inventory/category/<object_id>/              302  302  302  302  302  302  302
GET    /admin/inventory/product/export/                    302  302  302  403  403  403  403
POST   /admin/inventory/product/export/                    302  302  302  200  200  200  200
GET    /admin/inventory/product/                           302  302  302  200  200  200  200
POST   /admin/inventory/product/                           302  302  302  200  200  200  200
GET    /admin/inventory/product/add/                       302  302  302  403  403  403  200
POST   /admin/inventory/product/add/                       302  302  302  403  403  403  200
GET    /admin/inventory/product/<object_id>/history/       302  302  302  302  302  302  302
GET    /admin/inventory/product/<object_id>/delete/        302  302  302  403  403  403  200
POST   /admin/inventory/product/<object_id>/delete/        302  302  302  403  403  403  200
GET    /admin/inventory/product/<object_id>/change/        302  302  302  200  200  200  200
POST   /admin/inventory/product/<object_id>/change/        302  302  302  403  403  403  200
GET    /admin/inventory/product/<object_id>/               302  302  302  302  302  302  302
GET    /admin/registry/modelversion/                       302  302  302  200  200  200  200
POST   /admin/registry/modelversion/                       302  302  302  200  200  200  200
GET    /admin/registry/modelversion/add/                   302  302  302  403  403  403  403
POST   /admin/registry/modelversion/add/                   302  302  302  403  403  403  403
GET    /admin/registry/modelversion/<object_id>/history/   302  302  302  200  200  200  200
GET    /admin/registry/modelversion/<object_id>/delete/    302  302  302  403  403  403  403
POST   /admin/registry/modelversion/<object_id>/delete/    302  302  302  403  403  403  403
GET    /admin/registry/modelversion/<object_id>/change/    302  302  302  200  200  200  200
POST   /admin/registry/modelversion/<object_id>/change/    302  302  302  403  403  403  403
GET    /admin/registry/modelversion/<object_id>/           302  302  302  302  302  302  302
GET    /admin/registry/approval/                           302  302  302  200  200  200  200
POST   /admin/registry/approval/                           302  302  302  200  200  200  200
GET    /admin/registry/approval/add/                       302  302  302  403  403  403  403
POST   /admin/registry/approval/add/                       302  302  302  403  403  403  403
GET    /admin/registry/approval/<object_id>/history/       302  302  302  200  200  200  200
GET    /admin/registry/approval/<object_id>/delete/        302  302  302  403  403  403  403
POST   /admin/registry/approval/<object_id>/delete/        302  302  302  403  403  403  403
GET    /admin/registry/approval/<object_id>/change/        302  302  302  200  200  200  200
POST   /admin/registry/approval/<object_id>/change/        302  302  302  403  403  403  403
GET    /admin/registry/approval/<object_id>/               302  302  302  302  302  302  302
GET    /admin/registry/deployment/                         302  302  302  200  200  200  200
POST   /admin/registry/deployment/                         302  302  302  200  200  200  200
GET    /admin/registry/deployment/add/                     302  302  302  403  403  403  403
POST   /admin/registry/deployment/add/                     302  302  302  403  403  403  403
GET    /admin/registry/deployment/<object_id>/history/     302  302  302  200  200  200  200
GET    /admin/registry/deployment/<object_id>/delete/      302  302  302  403  403  403  403
POST   /admin/registry/deployment/<object_id>/delete/      302  302  302  403  403  403  403
GET    /admin/registry/deployment/<object_id>/change/      302  302  302  200  200  200  200
POST   /admin/registry/deployment/<object_id>/change/      302  302  302  403  403  403  403
GET    /admin/registry/deployment/<object_id>/             302  302  302  302  302  302  302
GET    /admin/predictions/prediction/export/               302  302  302  403  403  403  403
POST   /admin/predictions/prediction/export/               302  302  302  200  200  200  200
GET    /admin/predictions/prediction/                      302  302  302  200  200  200  200
POST   /admin/predictions/prediction/                      302  302  302  200  200  200  200
GET    /admin/predictions/prediction/live/                 302  302  302  200  200  200  200
GET    /admin/predictions/prediction/add/                  302  302  302  403  403  403  403
POST   /admin/predictions/prediction/add/                  302  302  302  403  403  403  403
GET    /admin/predictions/prediction/<object_id>/history/  302  302  302  200  200  200  200
GET    /admin/predictions/prediction/<object_id>/delete/   302  302  302  403  403  403  403
POST   /admin/predictions/prediction/<object_id>/delete/   302  302  302  403  403  403  403
GET    /admin/predictions/prediction/<object_id>/change/   302  302  302  200  200  200  200
POST   /admin/predictions/prediction/<object_id>/change/   302  302  302  403  403  403  403
GET    /admin/predictions/prediction/<object_id>/          302  302  302  302  302  302  302
GET    /admin/predictions/review/                          302  302  302  200  200  200  200
POST   /admin/predictions/review/                          302  302  302  200  200  200  200
GET    /admin/predictions/review/add/                      302  302  302  403  403  403  403
POST   /admin/predictions/review/add/                      302  302  302  403  403  403  403
GET    /admin/predictions/review/<object_id>/history/      302  302  302  200  200  200  200
GET    /admin/predictions/review/<object_id>/delete/       302  302  302  403  403  403  403
POST   /admin/predictions/review/<object_id>/delete/       302  302  302  403  403  403  403
GET    /admin/predictions/review/<object_id>/change/       302  302  302  200  200  200  200
POST   /admin/predictions/review/<object_id>/change/       302  302  302  403  403  403  403
GET    /admin/predictions/review/<object_id>/              302  302  302  302  302  302  302
GET    /admin/predictions/replayrun/request/               302  302  302  403  403  200  200
POST   /admin/predictions/replayrun/request/               302  302  302  403  403  302  302
GET    /admin/predictions/replayrun/one/<id>/              302  302  302  403  403  403  403
POST   /admin/predictions/replayrun/one/<id>/              302  302  302  403  403  200  200
GET    /admin/predictions/replayrun/<id>/progress/         302  302  302  403  403  200  200
GET    /admin/predictions/replayrun/                       302  302  302  403  403  200  200
POST   /admin/predictions/replayrun/                       302  302  302  403  403  200  200
GET    /admin/predictions/replayrun/add/                   302  302  302  403  403  403  403
POST   /admin/predictions/replayrun/add/                   302  302  302  403  403  403  403
GET    /admin/predictions/replayrun/<object_id>/history/   302  302  302  403  403  200  200
GET    /admin/predictions/replayrun/<object_id>/delete/    302  302  302  403  403  403  403
POST   /admin/predictions/replayrun/<object_id>/delete/    302  302  302  403  403  403  403
GET    /admin/predictions/replayrun/<object_id>/change/    302  302  302  403  403  200  200
POST   /admin/predictions/replayrun/<object_id>/change/    302  302  302  403  403  403  403
GET    /admin/predictions/replayrun/<object_id>/           302  302  302  302  302  302  302
GET    /admin/predictions/replayfinding/                   302  302  302  403  403  200  200
POST   /admin/predictions/replayfinding/                   302  302  302  403  403  200  200
GET    /admin/predictions/replayfinding/add/               302  302  302  403  403  403  403
POST   /admin/predictions/replayfinding/add/               302  302  302  403  403  403  403
GET    /admin/predictions/replayfinding/<object_id>/history/ 302  302  302  403  403  200  200
GET    /admin/predictions/replayfinding/<object_id>/delete/ 302  302  302  403  403  403  403
POST   /admin/predictions/replayfinding/<object_id>/delete/ 302  302  302  403  403  403  403
GET    /admin/predictions/replayfinding/<object_id>/change/ 302  302  302  403  403  200  200
POST   /admin/predictions/replayfinding/<object_id>/change/ 302  302  302  403  403  403  403
GET    /admin/predictions/replayfinding/<object_id>/       302  302  302  302  302  302  302
GET    /admin/predictions/recall/model/                    302  302  302  403  302  302  302
GET    /admin/predictions/recall/model/<sha256>/           302  302  302  403  200  200  200
POST   /admin/predictions/recall/model/<sha256>/           302  302  302  403  302  403  302
GET    /admin/predictions/recall/                          302  302  302  403  200  200  200
POST   /admin/predictions/recall/                          302  302  302  403  200  200  200
GET    /admin/predictions/recall/add/                      302  302  302  403  403  403  403
POST   /admin/predictions/recall/add/                      302  302  302  403  403  403  403
GET    /admin/predictions/recall/<object_id>/history/      302  302  302  403  200  200  200
GET    /admin/predictions/recall/<object_id>/delete/       302  302  302  403  403  403  403
POST   /admin/predictions/recall/<object_id>/delete/       302  302  302  403  403  403  403
GET    /admin/predictions/recall/<object_id>/change/       302  302  302  403  200  200  200
POST   /admin/predictions/recall/<object_id>/change/       302  302  302  403  403  403  403
GET    /admin/predictions/recall/<object_id>/              302  302  302  302  302  302  302
GET    /admin/sync/change/                                 302  302  302  403  403  200  200
POST   /admin/sync/change/                                 302  302  302  403  403  200  200
GET    /admin/sync/change/add/                             302  302  302  403  403  403  403
POST   /admin/sync/change/add/                             302  302  302  403  403  403  403
GET    /admin/sync/change/<object_id>/history/             302  302  302  403  403  200  200
GET    /admin/sync/change/<object_id>/delete/              302  302  302  403  403  403  403
POST   /admin/sync/change/<object_id>/delete/              302  302  302  403  403  403  403
GET    /admin/sync/change/<object_id>/change/              302  302  302  403  403  200  200
POST   /admin/sync/change/<object_id>/change/              302  302  302  403  403  403  403
GET    /admin/sync/change/<object_id>/                     302  302  302  302  302  302  302
GET    /admin/<app_label>/                                 302  302  302  200  200  200  200
GET    /admin/<url>                                        302  302  302  404  404  404  404
"""


class Line:
    def __init__(self, text: str) -> None:
        self.method, self.route, *expected = text.split()
        self.expected = dict(zip(PEOPLE, map(int, expected), strict=True))


LINES = [Line(text) for text in TABLE.strip().splitlines() if text and not text.startswith("#")]

# What is sent, where nothing would not do.
BODIES: dict[str, dict[str, Any]] = {
    "POST /api/v1/predictions": {"name": "Cordless drill"},
    "POST /api/v1/products": {"sku": "NEWER", "name": "Lamp"},
    "PUT /api/v1/products/<id>": {"sku": "A", "name": "Lamp"},
    "PATCH /api/v1/products/<id>": {"name": "Lamp"},
    "PUT /api/v1/products/<id>/category": {"category": "Safety > Gloves"},
    "POST /api/v1/categories": {"name": "Boats"},
    "PUT /api/v1/categories/<id>": {"name": "Boats", "parent": None},
    "PATCH /api/v1/categories/<id>": {"name": "Boats"},
    "POST /api/v1/session": {"username": "nobody", "password": "nothing"},
    "GET /api/v1/ledger/consistency": {"from": 1},
    "GET /api/v1/sync/ops": {"ids": "01890a5d-ac96-774b-bcce-b302099a8057"},
    "POST /api/v1/sync/push": {
        "protocol": 1,
        "device": "01890a5d-ac96-774b-bcce-b302099a8057",
        "sent_at": "2026-11-20T08:15:00Z",
        "changes": [{"id": "01890a5d-ac96-774b-bcce-b302099a8057"}],
    },
    "POST /api/v1/tablets/<id>": {"model_sha256": None, "checkpoint_size": 1},
    "POST /api/v1/predictions/<id>/review": {"category": "Safety > Gloves"},
}


def addresses(resolver: URLResolver | None = None, prefix: str = "/") -> Iterator[tuple[str, Any]]:
    """Yield every address, its arguments in brackets, with its view."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from addresses(entry, route)
        else:
            yield readable(route), entry.callback


def readable(route: str) -> str:
    route = re.sub(r"\(\?P(<\w+>)[^)]*\)", r"\1", route)
    return re.sub(r"<\w+:", "<", route).replace("^", "").replace("\\Z", "").replace("$", "")


def methods(view: Any) -> set[str]:
    """Return the methods that a view says it knows. A plain function says nothing but GET."""
    known = getattr(view, "cls", None) or getattr(view, "view_class", None)
    if known is None or known is RedirectView:
        return {"GET"}
    names = {"get", "post", "put", "patch", "delete"} & set(known.http_method_names)
    return {name.upper() for name in names if hasattr(known, name)}


@pytest.fixture
def world(deployed: SHA256, categories: None, admin: User) -> dict[str, dict[str, object]]:
    """One of everything. Returns what stands in the brackets, by the beginning of the address."""
    now = clock.now()
    product = inventory.create_product(fields={"sku": "A", "name": "Drill"}, by=admin, now=now)
    empty = inventory.create_category(name="Empty", parent=None, by=admin, now=now)
    asker = Asker(user_id=admin.pk, request_id="")
    question = Question({"name": "Cordless drill"}, product.pk, product.version)
    (made,) = predictions.predict(questions=[question], asker=asker, now=now)
    review = predictions.review(
        prediction_id=made.prediction.pk, category=None, note="", by=admin, now=now
    )
    job = Job.objects.create(name="a.job", run_after=now)
    receipt = made.prediction.pk
    accounts.create_token(user=admin, by=admin, now=now)
    tablet = accounts.report_tablet(
        uuid=uuid4(), model_sha256="", checkpoint_size=0, alarm=None, by=admin, now=now
    )
    seal_first_entry()
    run = request_replay(since=None, until=now, version_id=None, path="", by=admin, now=now)
    finding = ReplayFinding.objects.create(
        run=run, prediction=made.prediction, outcome="different", what="score: 1 then, 2 now"
    )
    recalled, _ = recall(sha256=deployed["live"], reason="Wrong.", by=admin, now=now)
    kinds = {
        "knox/authtoken": AuthToken.objects.get().pk,
        "accounts/tablet": tablet.pk,
        "accounts/user": admin.pk,
        "inventory/category": empty.pk,
        "inventory/product": product.pk,
        "jobs/job": job.pk,
        "ledger/entry": Entry.objects.earliest("pk").pk,
        "predictions/prediction": receipt,
        "predictions/recall": recalled.pk,
        "predictions/replayfinding": finding.pk,
        "predictions/replayrun": run.pk,
        "predictions/review": review.pk,
        "registry/approval": Approval.objects.earliest("pk").pk,
        "registry/deployment": Deployment.objects.earliest("pk").pk,
        "registry/modelversion": deployed["live"],
        "sync/change": pushed_by(admin),
    }
    return {
        "/api/v1/predictions": {"id": receipt},
        "/admin/predictions/replayrun/one/": {"id": receipt},
        "/admin/predictions/recall/model/": {"sha256": deployed["live"]},
        "/api/v1/categories": {"id": empty.pk},
        "/api/v1/tablets": {"id": uuid4()},
        "/models/": {"sha256": deployed["live"]},
        **{f"/admin/{kind}": {"object_id": pk, "id": pk} for kind, pk in kinds.items()},
        "": {
            "id": product.pk,
            "place": "products",
            "path": "0/000.p/1",
            "content_type_id": ContentType.objects.get_for_model(Product).pk,
            "object_id": product.pk,
            "app_label": "inventory",
            "url": "nowhere",
        },
    }


def pushed_by(person: User) -> str:
    """Let a tablet send something, and return the id of the change."""
    tablet = Tablet(person)
    change = tablet.create()
    tablet.push(change)
    return str(change["id"])


def seal_first_entry() -> None:
    """Put the log under a checkpoint, by hand: what is not committed yet is not sealed."""
    entry = Entry.objects.earliest("pk")
    root = tree.leaf_hash(entry.content())
    now = clock.now()
    Leaf.objects.create(index=0, entry_id=entry.pk, hash=root)
    Checkpoint.objects.create(size=1, root=root, note="a note", at=now)
    LogKey.objects.create(vkey="log+0+A", since=now)


def cookies_of(who: str) -> SimpleCookie:
    client = Client()
    if who != "stranger":
        user = User.objects.create_user(f"the {who}", is_staff=who in STAFF)
        user.groups.add(Group.objects.get(name=who))
        accounts.create_token(user=user, by=user, now=clock.now())
        client.force_login(user)
    return client.cookies


def address_of(line: Line, world: dict[str, dict[str, object]], who: str) -> str:
    longest = max((start for start in world if line.route.startswith(start)), key=len)
    known = world[longest]
    if line.route.startswith("/api/v1/tokens"):
        token = AuthToken.objects.filter(user__username=f"the {who}").first()
        known = {"id": token.digest[:32] if token else "0" * 32}
    return re.sub(r"<(\w+)>", lambda match: str(known[match[1]]), line.route)


def ask(line: Line, address: str, cookies: SimpleCookie) -> int:
    """Return the status, and undo what happened."""
    client = Client(raise_request_exception=False)
    client.cookies = SimpleCookie({name: morsel.value for name, morsel in cookies.items()})
    body = BODIES.get(f"{line.method} {line.route}", {})
    as_json = {"content_type": "application/json"} if "/api/" in line.route else {}
    with transaction.atomic():
        if line.method == "GET":
            status = client.get(address, body).status_code
        else:
            status = getattr(client, line.method.lower())(address, body, **as_json).status_code
        transaction.set_rollback(True)
    return int(status)


@pytest.mark.parametrize("who", PEOPLE)
def test_everybody_gets_what_the_table_says(who: str, world: dict[str, dict[str, object]]) -> None:
    cookies = cookies_of(who)
    found = []
    for line in LINES:
        status = ask(line, address_of(line, world, who), cookies)
        if status != line.expected[who]:
            found.append(f"{line.method} {line.route}: {status}, not {line.expected[who]}")
    assert not found, f"The table says otherwise for {who}:\n" + "\n".join(found)


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("place", ["000.p/1", "000", "x999/999"])
def test_the_entries_below_a_tile_are_for_those_who_audit(
    who: str, place: str, world: dict[str, dict[str, object]]
) -> None:
    client = Client()
    client.cookies = cookies_of(who)
    status = client.get(f"/ledger/tile/entries/{place}").status_code
    if who in ("auditor", "administrator"):
        # What is not there yet is told to nobody else.
        assert status == (200 if place == "000.p/1" else 404)
    else:
        assert status == (401 if who == "stranger" else 403)


def test_every_address_has_its_lines() -> None:
    told = {(line.method, line.route) for line in LINES}
    real = {(method, route) for route, view in addresses() for method in methods(view)}
    assert not (missing := sorted(real - told)), "Say in TABLE who gets what from:\n" + "\n".join(
        f"{method:6} {route}" for method, route in missing
    )


def test_no_line_is_about_an_address_that_is_gone() -> None:
    real = {route for route, _ in addresses()}
    assert not [line.route for line in LINES if line.route not in real]


def test_no_line_stands_twice() -> None:
    told = [(line.method, line.route) for line in LINES]
    assert len(told) == len(set(told))


def test_every_role_has_its_column() -> None:
    assert ["stranger", *ROLES] == PEOPLE
