"""Persons name the entry that tells of their last change; what they may do is told."""

import django.db.models.deletion
from django.db import migrations, models

from ledger.guards import Key, guarded, told


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_tablets"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("knox", "0009_extend_authtoken_field"),
        ("ledger", "0005_log_triggers"),
    ]

    operations = [
        migrations.AddField(
            "user",
            "entry",
            models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="ledger.entry",
                to_field="uuid",
            ),
        ),
        guarded(
            "accounts_user",
            "person",
            subject="user:",
            columns=["is_active", "is_staff", "is_superuser", "password", "username"],
            unique=["username = NEW.username"],
        ),
        told(
            "accounts_user_groups",
            {"INSERT": "role.given", "DELETE": "role.taken"},
            subject="user:",
            about=Key("user_id"),
            more={"group": Key("group_id")},
        ),
        told(
            "accounts_user_user_permissions",
            {"INSERT": "permission.given", "DELETE": "permission.taken"},
            subject="user:",
            about=Key("user_id"),
            more={"permission": Key("permission_id")},
        ),
        told(
            "auth_group_permissions",
            {"INSERT": "permission.given", "DELETE": "permission.taken"},
            subject="group:",
            about=Key("group_id"),
            more={"permission": Key("permission_id")},
        ),
        told(
            "auth_group",
            {
                "INSERT": "group.row_added",
                "UPDATE": "group.row_changed",
                "DELETE": "group.row_deleted",
            },
            subject="group:",
        ),
        # Those that are there are made by migrate. Another meaning for one is another right.
        told(
            "auth_permission",
            {"UPDATE": "permission.row_changed", "DELETE": "permission.row_deleted"},
            subject="permission:",
        ),
        told(
            "knox_authtoken",
            {
                "INSERT": "token.row_added",
                "UPDATE": "token.row_changed",
                "DELETE": "token.row_deleted",
            },
            subject="token:",
            row=Key("digest", digits=32),
            more={"user": Key("user_id")},
        ),
    ]
