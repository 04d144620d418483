"""bravado-core's view of a Swagger 2.0 document, for clients of its kind and the sandbox."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from agavepy.errors import DescriptionError


@contextlib.contextmanager
def old_means() -> Iterator[None]:
    """Let bravado-core resolve references by means that are deprecated, with warnings as errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


with old_means():
    from bravado_core.exception import SwaggerError
    from bravado_core.spec import Spec
    from jsonschema.exceptions import RefResolutionError

#: What a document with the wrong things in the wrong places makes bravado-core stumble over.
_BROKEN = (
    LookupError,
    TypeError,
    AttributeError,
    ValueError,
    OSError,
    RecursionError,
    RefResolutionError,
    SwaggerError,
)


def build_spec(document: dict[str, Any], origin: Path, **config: Any) -> Spec:
    """Return bravado-core's view of ``document``, whose relative references start at ``origin``.

    ``config`` is bravado-core's own. Raises DescriptionError naming the file and the fault.
    """
    options = {
        "validate_swagger_spec": False,
        "use_models": False,
        "also_return_response": False,
        **config,
    }
    url = origin.resolve().as_uri()
    try:
        with old_means():
            return cast(
                Spec,
                Spec.from_dict(document, origin_url=url, config=options),  # type: ignore[no-untyped-call]
            )
    except _BROKEN as error:
        raise DescriptionError(f"{origin}: not a usable Swagger 2.0 document: {error!r}") from error
