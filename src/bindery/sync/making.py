"""What a binding is made of: template, scope, caps, and its store with address and credentials, as one value.

A follower takes it when a life begins and works with nothing else. Whatever changes any part begins a new life
(``Engine.renew``), so that nothing stays in use that a call has replaced.
"""

from __future__ import annotations

import msgspec

from bindery.buckets.registry import Buckets
from bindery.buckets.store import StoreAddress, StoreError
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import Binding, Limits, Scope
from bindery.extract.extraction import Operator
from bindery.sync.templates import operators_for


class Making(msgspec.Struct, frozen=True, kw_only=True):
    """Two that are equal lead to the same work. Its representation shows no secret."""

    operators: frozenset[Operator]
    scope: Scope
    limits: Limits
    address: StoreAddress | None
    """With credentials; None while the name leads to no store."""


def make(catalog: Catalog, buckets: Buckets, binding: Binding) -> Making:
    """What a binding is made of at this moment. Raises NotFound when it, or what it lies in, is gone."""
    project = catalog.projects.get(binding.project_name)
    dataset = catalog.datasets.get(binding.project_name, binding.dataset_name)
    try:
        address = buckets.open(binding.bucket).address
    except StoreError:
        address = None
    return Making(
        operators=operators_for(project, dataset),
        scope=binding.scope,
        limits=dataset.limits,
        address=address,
    )
