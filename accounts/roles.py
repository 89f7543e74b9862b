"""Who may do what. A person has one role or more; a role is a group with these permissions."""

_CATALOGUE = ["inventory.view_category", "inventory.view_product"]
_PREDICTIONS = ["predictions.view_prediction", "predictions.view_review"]
_MODELS = ["registry.view_approval", "registry.view_deployment", "registry.view_modelversion"]

# Works with products: puts them in the catalogue and right, asks where they belong, and answers
# what the model was unsure about.
_WORK = [
    *_CATALOGUE,
    *_PREDICTIONS,
    "inventory.add_product",
    "inventory.categorize_product",
    "inventory.change_product",
    "predictions.add_prediction",
    "predictions.review_prediction",
]

ROLES: dict[str, list[str]] = {
    # Works in the warehouse, product in hand.
    "picker": _WORK,
    # Works at a desk, through the queue of doubts. May do the same: whoever holds the product
    # knows best what it is, so the difference is where they start and not what is closed to them.
    "reviewer": _WORK,
    # Trains models and hands them in; somebody else has to approve them.
    "data_scientist": [
        *_CATALOGUE,
        *_PREDICTIONS,
        *_MODELS,
        "predictions.add_prediction",
        "registry.add_modelversion",
    ],
    # Decides which model answers; cannot hand one in.
    "approver": [
        *_CATALOGUE,
        *_PREDICTIONS,
        *_MODELS,
        "predictions.recall",
        "predictions.view_recall",
        "registry.approve_modelversion",
        "registry.deploy_modelversion",
        "registry.retire_modelversion",
    ],
    # Sees everything and changes nothing.
    "auditor": [
        *_CATALOGUE,
        *_PREDICTIONS,
        *_MODELS,
        "accounts.view_tablet",
        "accounts.view_user",
        "jobs.view_job",
        "ledger.audit",
        "ledger.view_entry",
        "predictions.view_metrics",
        "predictions.view_recall",
        "predictions.view_replayfinding",
        "predictions.view_replayrun",
        "sync.view_change",
    ],
    # Keeps the catalogue and the people. Does not decide about models.
    "administrator": [
        *_CATALOGUE,
        *_PREDICTIONS,
        *_MODELS,
        "accounts.add_user",
        "accounts.change_user",
        "accounts.view_tablet",
        "accounts.view_user",
        "auth.view_group",
        "inventory.add_category",
        "inventory.add_product",
        "inventory.categorize_product",
        "inventory.change_category",
        "inventory.change_product",
        "inventory.delete_category",
        "inventory.delete_product",
        "jobs.view_job",
        "ledger.audit",
        "ledger.view_entry",
        "predictions.add_prediction",
        "predictions.recall",
        "predictions.review_prediction",
        "predictions.view_metrics",
        "predictions.view_recall",
        "predictions.view_replayfinding",
        "predictions.view_replayrun",
        "sync.view_change",
    ],
}

# Who may enter the admin at all. What they see there is what their role may see.
STAFF = {"data_scientist", "approver", "auditor", "administrator"}

# The people of the demonstration, and what each of them does.
DEMO_PEOPLE = {
    "alice": ("Alice", "data_scientist"),
    "bob": ("Bob", "approver"),
    "carla": ("Carla", "picker"),
    "dora": ("Dora", "auditor"),
    "rita": ("Rita", "reviewer"),
    "admin": ("Ada", "administrator"),
}
