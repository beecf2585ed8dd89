"""UpdateBindingScope, an extension: takes in other objects of a bucket from now on."""

from __future__ import annotations

from bindery.api.context import Context
from bindery.api.errors import invalid_argument
from bindery.api.messages.bindings import UpdateBindingScopeRequest, UpdateBindingScopeResponse
from bindery.api.operations import Work
from bindery.api.operations.bindings.bindings import binding_answer, bucket_of
from bindery.api.operations.bindings.scopes import scope_of
from bindery.sync.scope import InvalidScope

WORK = Work.SLOW


def update_binding_scope(
    context: Context, request: UpdateBindingScopeRequest
) -> UpdateBindingScopeResponse:
    """Replace the scope as a whole; ``{}`` is the whole bucket. Only the default exclusions stay as they are where the
    request is silent of them: a binding of before they existed must not lose entries by the way.

    Entries of objects that are outside now leave the dataset, objects that are within now enter it. Leaving tells how
    many leave, when they could be counted in a few seconds.
    """
    bucket = bucket_of(request.uri)
    binding = context.catalog.bindings.get(request.project_name, request.dataset_name, bucket)
    scope = scope_of(request.scope, default_exclusions=binding.scope.default_exclusions)
    try:
        changed, leaving = context.engine.change_scope(binding, scope)
    except InvalidScope as error:
        raise invalid_argument(f"Scope: {error}.") from None
    return UpdateBindingScopeResponse(binding=binding_answer(context, changed), leaving=leaving)
