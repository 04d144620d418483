"""Since when the jobs service is Aloe, and the models that it answers with then (agavepy 1.0)."""

from __future__ import annotations

__all__ = ["EXCEPTION_MODELS", "LAST_PRE_ALOE_VERSION"]

#: The last version of the envelope before Aloe (TACC/agavepy, ``aloe.py``).
LAST_PRE_ALOE_VERSION = "2.2.22-r7deb380"
EXCEPTION_MODELS = {
    model: {"version_cutoff": LAST_PRE_ALOE_VERSION, "model": f"Aloe{model}"}
    for model in ("Job", "JobSummary")
}
