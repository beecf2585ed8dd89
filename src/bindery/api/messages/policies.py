"""Requests and answers of the family policies. Generated from the API model by ``make docs``; do not edit.

Members are the vendor's names in snake case. Answers carry files as the JSON the catalog holds.
"""

from __future__ import annotations

from bindery.message import Message


class CreatePolicyRequestTag(Message):
    """The vendor's struct CreatePolicyRequestTag."""

    key: str | None = None
    value: str | None = None


class CreatePolicyResponseBodyPolicy(Message):
    """The vendor's struct CreatePolicyResponseBodyPolicy."""

    create_date: str | None = None
    default_version: str | None = None
    description: str | None = None
    policy_name: str | None = None
    policy_type: str | None = None


class CreatePolicyVersionResponseBodyPolicyVersion(Message):
    """The vendor's struct CreatePolicyVersionResponseBodyPolicyVersion."""

    create_date: str | None = None
    is_default_version: bool | None = None
    policy_document: str | None = None
    version_id: str | None = None


class GetPolicyResponseBodyDefaultPolicyVersion(Message):
    """The vendor's struct GetPolicyResponseBodyDefaultPolicyVersion."""

    create_date: str | None = None
    is_default_version: bool | None = None
    policy_document: str | None = None
    version_id: str | None = None


class GetPolicyResponseBodyPolicy(Message):
    """The vendor's struct GetPolicyResponseBodyPolicy."""

    attachment_count: int | None = None
    create_date: str | None = None
    default_version: str | None = None
    description: str | None = None
    policy_document: str | None = None
    policy_name: str | None = None
    policy_type: str | None = None
    update_date: str | None = None


class GetPolicyVersionResponseBodyPolicyVersion(Message):
    """The vendor's struct GetPolicyVersionResponseBodyPolicyVersion."""

    create_date: str | None = None
    is_default_version: bool | None = None
    policy_document: str | None = None
    version_id: str | None = None


class ListEntitiesForPolicyResponseBodyGroups(Message):
    """The vendor's struct ListEntitiesForPolicyResponseBodyGroups."""

    group: tuple[ListEntitiesForPolicyResponseBodyGroupsGroup, ...] | None = None


class ListEntitiesForPolicyResponseBodyGroupsGroup(Message):
    """The vendor's struct ListEntitiesForPolicyResponseBodyGroupsGroup."""

    attach_date: str | None = None
    comments: str | None = None
    group_name: str | None = None


class ListEntitiesForPolicyResponseBodyRoles(Message):
    """The vendor's struct ListEntitiesForPolicyResponseBodyRoles."""

    role: tuple[ListEntitiesForPolicyResponseBodyRolesRole, ...] | None = None


class ListEntitiesForPolicyResponseBodyRolesRole(Message):
    """The vendor's struct ListEntitiesForPolicyResponseBodyRolesRole."""

    arn: str | None = None
    attach_date: str | None = None
    description: str | None = None
    role_id: str | None = None
    role_name: str | None = None


class ListEntitiesForPolicyResponseBodyUsers(Message):
    """The vendor's struct ListEntitiesForPolicyResponseBodyUsers."""

    user: tuple[ListEntitiesForPolicyResponseBodyUsersUser, ...] | None = None


class ListEntitiesForPolicyResponseBodyUsersUser(Message):
    """The vendor's struct ListEntitiesForPolicyResponseBodyUsersUser."""

    attach_date: str | None = None
    display_name: str | None = None
    user_id: str | None = None
    user_name: str | None = None


class ListPoliciesForGroupResponseBodyPolicies(Message):
    """The vendor's struct ListPoliciesForGroupResponseBodyPolicies."""

    policy: tuple[ListPoliciesForGroupResponseBodyPoliciesPolicy, ...] | None = None


class ListPoliciesForGroupResponseBodyPoliciesPolicy(Message):
    """The vendor's struct ListPoliciesForGroupResponseBodyPoliciesPolicy."""

    attach_date: str | None = None
    default_version: str | None = None
    description: str | None = None
    policy_name: str | None = None
    policy_type: str | None = None


class ListPoliciesForRoleResponseBodyPolicies(Message):
    """The vendor's struct ListPoliciesForRoleResponseBodyPolicies."""

    policy: tuple[ListPoliciesForRoleResponseBodyPoliciesPolicy, ...] | None = None


class ListPoliciesForRoleResponseBodyPoliciesPolicy(Message):
    """The vendor's struct ListPoliciesForRoleResponseBodyPoliciesPolicy."""

    attach_date: str | None = None
    default_version: str | None = None
    description: str | None = None
    policy_name: str | None = None
    policy_type: str | None = None


class ListPoliciesForUserResponseBodyPolicies(Message):
    """The vendor's struct ListPoliciesForUserResponseBodyPolicies."""

    policy: tuple[ListPoliciesForUserResponseBodyPoliciesPolicy, ...] | None = None


class ListPoliciesForUserResponseBodyPoliciesPolicy(Message):
    """The vendor's struct ListPoliciesForUserResponseBodyPoliciesPolicy."""

    attach_date: str | None = None
    default_version: str | None = None
    description: str | None = None
    policy_name: str | None = None
    policy_type: str | None = None


class ListPoliciesRequestTag(Message):
    """The vendor's struct ListPoliciesRequestTag."""

    key: str | None = None
    value: str | None = None


class ListPoliciesResponseBodyPolicies(Message):
    """The vendor's struct ListPoliciesResponseBodyPolicies."""

    policy: tuple[ListPoliciesResponseBodyPoliciesPolicy, ...] | None = None


class ListPoliciesResponseBodyPoliciesPolicy(Message):
    """The vendor's struct ListPoliciesResponseBodyPoliciesPolicy."""

    attachment_count: int | None = None
    create_date: str | None = None
    default_version: str | None = None
    description: str | None = None
    policy_name: str | None = None
    policy_type: str | None = None
    tags: ListPoliciesResponseBodyPoliciesPolicyTags | None = None
    update_date: str | None = None


class ListPoliciesResponseBodyPoliciesPolicyTags(Message):
    """The vendor's struct ListPoliciesResponseBodyPoliciesPolicyTags."""

    tag: tuple[ListPoliciesResponseBodyPoliciesPolicyTagsTag, ...] | None = None


class ListPoliciesResponseBodyPoliciesPolicyTagsTag(Message):
    """The vendor's struct ListPoliciesResponseBodyPoliciesPolicyTagsTag."""

    tag_key: str | None = None
    tag_value: str | None = None


class ListPolicyVersionsResponseBodyPolicyVersions(Message):
    """The vendor's struct ListPolicyVersionsResponseBodyPolicyVersions."""

    policy_version: tuple[ListPolicyVersionsResponseBodyPolicyVersionsPolicyVersion, ...] | None = None


class ListPolicyVersionsResponseBodyPolicyVersionsPolicyVersion(Message):
    """The vendor's struct ListPolicyVersionsResponseBodyPolicyVersionsPolicyVersion."""

    create_date: str | None = None
    is_default_version: bool | None = None
    policy_document: str | None = None
    version_id: str | None = None


class UpdatePolicyDescriptionResponseBodyPolicy(Message):
    """The vendor's struct UpdatePolicyDescriptionResponseBodyPolicy."""

    create_date: str | None = None
    default_version: str | None = None
    description: str | None = None
    policy_name: str | None = None
    policy_type: str | None = None
    update_date: str | None = None


class AttachPolicyToGroupRequest(Message):
    """Parameters of AttachPolicyToGroup."""

    group_name: str
    policy_name: str
    policy_type: str
    resource_group_id: str | None = None


class AttachPolicyToGroupResponse(Message):
    """Answer of AttachPolicyToGroup."""


class AttachPolicyToRoleRequest(Message):
    """Parameters of AttachPolicyToRole."""

    policy_name: str
    policy_type: str
    role_name: str
    resource_group_id: str | None = None


class AttachPolicyToRoleResponse(Message):
    """Answer of AttachPolicyToRole."""


class AttachPolicyToUserRequest(Message):
    """Parameters of AttachPolicyToUser."""

    policy_name: str
    policy_type: str
    user_name: str
    resource_group_id: str | None = None


class AttachPolicyToUserResponse(Message):
    """Answer of AttachPolicyToUser."""


class CreatePolicyRequest(Message):
    """Parameters of CreatePolicy."""

    policy_document: str
    policy_name: str
    description: str | None = None
    tag: tuple[CreatePolicyRequestTag, ...] | None = None


class CreatePolicyResponse(Message):
    """Answer of CreatePolicy."""

    policy: CreatePolicyResponseBodyPolicy | None = None


class CreatePolicyVersionRequest(Message):
    """Parameters of CreatePolicyVersion."""

    policy_document: str
    policy_name: str
    rotate_strategy: str | None = None
    set_as_default: bool | None = None


class CreatePolicyVersionResponse(Message):
    """Answer of CreatePolicyVersion."""

    policy_version: CreatePolicyVersionResponseBodyPolicyVersion | None = None


class DeletePolicyRequest(Message):
    """Parameters of DeletePolicy."""

    policy_name: str
    cascading_delete: bool | None = None


class DeletePolicyResponse(Message):
    """Answer of DeletePolicy."""


class DeletePolicyVersionRequest(Message):
    """Parameters of DeletePolicyVersion."""

    policy_name: str
    version_id: str


class DeletePolicyVersionResponse(Message):
    """Answer of DeletePolicyVersion."""


class DetachPolicyFromGroupRequest(Message):
    """Parameters of DetachPolicyFromGroup."""

    group_name: str
    policy_name: str
    policy_type: str
    resource_group_id: str | None = None


class DetachPolicyFromGroupResponse(Message):
    """Answer of DetachPolicyFromGroup."""


class DetachPolicyFromRoleRequest(Message):
    """Parameters of DetachPolicyFromRole."""

    policy_name: str
    policy_type: str
    role_name: str
    resource_group_id: str | None = None


class DetachPolicyFromRoleResponse(Message):
    """Answer of DetachPolicyFromRole."""


class DetachPolicyFromUserRequest(Message):
    """Parameters of DetachPolicyFromUser."""

    policy_name: str
    policy_type: str
    user_name: str
    resource_group_id: str | None = None


class DetachPolicyFromUserResponse(Message):
    """Answer of DetachPolicyFromUser."""


class GetPolicyRequest(Message):
    """Parameters of GetPolicy."""

    policy_name: str
    policy_type: str


class GetPolicyResponse(Message):
    """Answer of GetPolicy."""

    default_policy_version: GetPolicyResponseBodyDefaultPolicyVersion | None = None
    policy: GetPolicyResponseBodyPolicy | None = None


class GetPolicyVersionRequest(Message):
    """Parameters of GetPolicyVersion."""

    policy_name: str
    policy_type: str
    version_id: str


class GetPolicyVersionResponse(Message):
    """Answer of GetPolicyVersion."""

    policy_version: GetPolicyVersionResponseBodyPolicyVersion | None = None


class ListEntitiesForPolicyRequest(Message):
    """Parameters of ListEntitiesForPolicy."""

    policy_name: str
    policy_type: str


class ListEntitiesForPolicyResponse(Message):
    """Answer of ListEntitiesForPolicy."""

    groups: ListEntitiesForPolicyResponseBodyGroups | None = None
    roles: ListEntitiesForPolicyResponseBodyRoles | None = None
    users: ListEntitiesForPolicyResponseBodyUsers | None = None


class ListPoliciesRequest(Message):
    """Parameters of ListPolicies."""

    marker: str | None = None
    max_items: int | None = None
    policy_type: str | None = None
    tag: tuple[ListPoliciesRequestTag, ...] | None = None


class ListPoliciesResponse(Message):
    """Answer of ListPolicies."""

    is_truncated: bool | None = None
    marker: str | None = None
    policies: ListPoliciesResponseBodyPolicies | None = None


class ListPoliciesForGroupRequest(Message):
    """Parameters of ListPoliciesForGroup."""

    group_name: str


class ListPoliciesForGroupResponse(Message):
    """Answer of ListPoliciesForGroup."""

    policies: ListPoliciesForGroupResponseBodyPolicies | None = None


class ListPoliciesForRoleRequest(Message):
    """Parameters of ListPoliciesForRole."""

    role_name: str


class ListPoliciesForRoleResponse(Message):
    """Answer of ListPoliciesForRole."""

    policies: ListPoliciesForRoleResponseBodyPolicies | None = None


class ListPoliciesForUserRequest(Message):
    """Parameters of ListPoliciesForUser."""

    user_name: str


class ListPoliciesForUserResponse(Message):
    """Answer of ListPoliciesForUser."""

    policies: ListPoliciesForUserResponseBodyPolicies | None = None


class ListPolicyVersionsRequest(Message):
    """Parameters of ListPolicyVersions."""

    policy_name: str
    policy_type: str


class ListPolicyVersionsResponse(Message):
    """Answer of ListPolicyVersions."""

    policy_versions: ListPolicyVersionsResponseBodyPolicyVersions | None = None


class SetDefaultPolicyVersionRequest(Message):
    """Parameters of SetDefaultPolicyVersion."""

    policy_name: str
    version_id: str


class SetDefaultPolicyVersionResponse(Message):
    """Answer of SetDefaultPolicyVersion."""


class UpdatePolicyDescriptionRequest(Message):
    """Parameters of UpdatePolicyDescription."""

    new_description: str
    policy_name: str


class UpdatePolicyDescriptionResponse(Message):
    """Answer of UpdatePolicyDescription."""

    policy: UpdatePolicyDescriptionResponseBodyPolicy | None = None
