"""A model service as the tutorials write it: FastAPI around a pickled scikit-learn pipeline.

PEER_MODEL names the pickle. PEER_STYLE chooses the form: `naive` is the tutorial; `tuned` has what
we found to help it without changing its design:

- `coef_` in Fortran order: in C order, a product with one sparse row copies the whole matrix on
  every call, which we measured as 16 times slower. scikit-learn 1.9 leaves it right; a pickle from
  an older release may not;
- scikit-learn's own switches against checking its input and parameters again on every call;
- bytes written by orjson, past FastAPI's encoder.

PEER_HANDLER says whether the handler is `async` (runs on the event loop, no hop to another thread)
or `sync` (runs in the thread pool, as FastAPI recommends for work that blocks).
"""

import os

import joblib
import numpy as np
import orjson
import sklearn
from fastapi import FastAPI, Response
from pydantic import BaseModel

from benchmarks.peers.pipeline import text_of

TUNED = os.environ["PEER_STYLE"] == "tuned"

if TUNED:
    sklearn.set_config(assume_finite=True, skip_parameter_validation=True)
pipeline = joblib.load(os.environ["PEER_MODEL"])
if TUNED:
    classifier = pipeline[-1]
    classifier.coef_ = np.asfortranarray(classifier.coef_)

app = FastAPI(openapi_url=None)


class Product(BaseModel):
    name: str
    description: str = ""
    brand: str = ""


class Suggestion(BaseModel):
    category: str
    confidence: float


def suggest(product: Product) -> Suggestion:
    shares = pipeline.predict_proba([text_of(product.model_dump())])[0]
    best = shares.argmax()
    return Suggestion(category=str(pipeline.classes_[best]), confidence=float(shares[best]))


def suggest_bytes(product: Product) -> Response:
    shares = pipeline.predict_proba([text_of(product.__dict__)])[0]
    best = int(shares.argmax())
    body = orjson.dumps({"category": pipeline.classes_[best], "confidence": float(shares[best])})
    return Response(body, media_type="application/json")


async def suggest_on_the_loop(product: Product) -> Response:
    return suggest_bytes(product)


def health() -> dict[str, str]:
    return {"status": "ok"}


app.add_api_route("/health", health)
if not TUNED:
    app.add_api_route("/predict", suggest, methods=["POST"])
elif os.environ["PEER_HANDLER"] == "async":
    app.add_api_route("/predict", suggest_on_the_loop, methods=["POST"], response_model=None)
else:
    app.add_api_route("/predict", suggest_bytes, methods=["POST"], response_model=None)
