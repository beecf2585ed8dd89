"""The releases of the vendor's typed clients: those of most languages come later than those for Python."""

from __future__ import annotations

TRAILING = frozenset({"java", "go", "php", "csharp"})
UNKNOWN = frozenset(
    {
        "imm:ListBindings.URI",
        "ram:CreateRole.AllowConsoleLogin",
        "ram:UpdateRole.NewAllowConsoleLogin",
        "ram:CreateServiceLinkedRole",
        "ram:DeleteServiceLinkedRole",
        "ram:GetServiceLinkedRoleTemplate",
    }
)
"""Operations, and parameters of operations, that the releases used for those languages do not have."""
