"""The words of errors about users, groups, roles, policies and access keys, by code.

Source: help page 28754, the errors of RAM; codes of roles that it leaves out are those of the operations' pages, and
their words follow the others. All that do not exist are 404, all other codes 409.
"""

from __future__ import annotations

NOT_FOUND = {
    "User": "The user does not exist.",
    "User.AccessKey": "The user access key does not exist.",
    "User.Group": "The user has not joined the group.",
    "User.Policy": "The indicate policy of the user does not exist.",
    "Group": "The group does not exist.",
    "Group.Policy": "The indicate policy attached to the group does not exist.",
    "Role": "The role does not exist.",
    "Role.Policy": "The indicate policy attached to the role does not exist.",
    "Policy": "The policy does not exist.",
    "Policy.Version": "The policy version does not exist.",
}
"""``EntityNotExist.…``"""

EXISTS = {
    "User": "The user does already EXIST.",
    "User.AccessKey": "The user access key does already EXIST.",
    "User.Group": "The user has already joined the group.",
    "User.Policy": "The user has already been attached this policy.",
    "Group": "The group does already EXIST.",
    "Group.Policy": "The group has already been attached this policy.",
    "Role": "The role does already EXIST.",
    "Role.Policy": "The role has already been attached this policy.",
    "Policy": "The policy does already EXIST.",
}
"""``EntityAlreadyExists.…``"""

CONFLICTS = {
    "User.Group": "The user CAN NOT be in any group while deleting the user.",
    "User.AccessKey": "The user CAN NOT has any access key while deleting the user.",
    "User.Policy": "The user CAN NOT has any attached policy while deleting the user.",
    "Group.User": "The group CAN NOT has any user member while deleting the group.",
    "Group.Policy": "The group CAN NOT has any attached policy while deleting the group.",
    "Role.Policy": "The role CAN NOT has any attached policy while deleting the role.",
    "Policy.User": "The policy CAN NOT been attached to any user while deleting the policy.",
    "Policy.Group": "The policy CAN NOT been attached to any group while deleting the policy.",
    "Policy.Role": "The policy CAN NOT been attached to any role while deleting the policy.",
    "Policy.Version": "The policy CAN NOT has any version except the default version.",
    "Policy.Version.Default": "The default policy version CAN NOT been deleted directly.",
}
"""``DeleteConflict.…``"""

LIMITS = {
    "User": "The count of users beyond the current limits.",
    "User.AccessKey": "The access key count of the user access keys beyond the current limits.",
    "User.Group": "The count of groups the target user joined beyond the current limits.",
    "User.Policy": "The policy count of the user attached policies beyond the current limits.",
    "Group": "The count of groups beyond the current limits.",
    "Group.Policy": "The policy count of the group beyond the current limits.",
    "Role": "The count of roles beyond the current limits.",
    "Role.Policy": "The count of policies attached to the role beyond the current limits.",
    "Policy": "The count of policy beyond the current limits.",
    "Policy.Version": "The count of policy version beyond the current limits.",
}
"""``LimitExceeded.…``"""
