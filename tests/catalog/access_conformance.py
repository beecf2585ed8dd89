"""What every catalog must do with users, keys, groups, roles and policies.

Codes and limits: help pages on the errors and the limits of RAM.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from msgspec.structs import replace

from bindery.catalog.access_records import (
    DeleteConflict,
    EntityExists,
    EntityLimitExceeded,
    EntityNotFound,
    Group,
    KeyUse,
    Policy,
    PolicyType,
    PrincipalKind,
    Role,
    SealedKey,
    User,
)
from bindery.catalog.catalog import Catalog
from bindery.catalog.records import CatalogError

SYSTEM, CUSTOM = PolicyType.SYSTEM, PolicyType.CUSTOM
USER, GROUP, ROLE = PrincipalKind.USER, PrincipalKind.GROUP, PrincipalKind.ROLE
TRUST = '{"Version":"1","Statement":[]}'


def key_of(name: str, at: int = 1) -> SealedKey:
    return SealedKey(id=name, sealed=name.encode() + b"\0\xff", label="of " + name, create_time=at)


def refused(call: Callable[[], Any]) -> tuple[type[CatalogError], tuple[Any, ...]]:
    with pytest.raises(CatalogError) as caught:
        call()
    return type(caught.value), caught.value.args


def make_story(catalog: Catalog) -> None:
    """Alice with a key, in the group devs, a role, and policies attached to each."""
    catalog.users.create(User(name="alice"))
    catalog.access_keys.create(key_of("AK1"), "alice")
    catalog.groups.create(Group(name="devs"))
    catalog.groups.add_user("alice", "devs")
    catalog.roles.create(Role(name="reader", trust_policy=TRUST))
    catalog.policies.create(Policy(name="own"), "document 1")
    catalog.policies.attach(CUSTOM, "own", USER, "alice")
    catalog.policies.attach(SYSTEM, "AliyunIMMFullAccess", GROUP, "devs")
    catalog.policies.attach(CUSTOM, "own", ROLE, "reader")


class UserConformance:
    def test_a_user_is_kept_as_given(self, catalog: Catalog) -> None:
        given = User(
            name="Alice.b-c_d", display_name="Alicé", mobile_phone="86-1", email="a@b", comments="c",
            tags={"k": "v"}, create_time=5, update_time=6,
        )  # fmt: skip
        made = catalog.users.create(given)
        assert made == replace(given, id=made.id) == catalog.users.get("Alice.b-c_d")
        assert len(made.id) == 18
        assert made.id.isdigit()
        assert catalog.users.get_by_id(made.id) == made

    def test_names_differ_by_more_than_case(self, catalog: Catalog) -> None:
        made = catalog.users.create(User(name="Alice"))
        assert refused(lambda: catalog.users.create(User(name="aLICE"))) == (EntityExists, ("User",))
        assert catalog.users.get("ALICE") == made
        assert catalog.users.update("alice", lambda held: replace(held, name="alicE")).id == made.id
        assert [user.name for user in catalog.users.list()] == ["alicE"]

    def test_renaming_keeps_everything_else(self, catalog: Catalog) -> None:
        make_story(catalog)
        before = catalog.users.get("alice")
        renamed = catalog.users.update("alice", lambda held: replace(held, id="x", name="bob"))
        assert renamed == replace(before, name="bob")
        assert refused(lambda: catalog.users.get("alice")) == (EntityNotFound, ("User",))
        assert [key.id for key in catalog.access_keys.list("bob")] == ["AK1"]
        assert [user.name for user, _ in catalog.groups.users("devs")] == ["bob"]
        assert [held.name for held in catalog.policies.of(USER, "bob")] == ["own"]
        catalog.users.create(User(name="alice"))
        assert refused(lambda: catalog.users.update("alice", lambda held: replace(held, name="BOB"))) == (
            EntityExists, ("User",),
        )  # fmt: skip

    def test_a_user_is_deleted_once_nothing_belongs_to_him(self, catalog: Catalog) -> None:
        make_story(catalog)
        assert refused(lambda: catalog.users.delete("alice")) == (DeleteConflict, ("User", "Group"))
        catalog.groups.remove_user("alice", "devs")
        assert refused(lambda: catalog.users.delete("alice")) == (DeleteConflict, ("User", "AccessKey"))
        catalog.access_keys.delete("alice", "AK1")
        assert refused(lambda: catalog.users.delete("alice")) == (DeleteConflict, ("User", "Policy"))
        catalog.policies.detach(CUSTOM, "own", USER, "alice")
        catalog.users.delete("Alice")
        assert catalog.users.list() == []
        assert catalog.users.create(User(name="alice")).id != ""

    def test_absent_users_are_not_found(self, catalog: Catalog) -> None:
        make_story(catalog)
        for call in (
            lambda: catalog.users.get("x"),
            lambda: catalog.users.get_by_id("x"),
            lambda: catalog.users.update("x", lambda held: held),
            lambda: catalog.users.delete("x"),
            lambda: catalog.access_keys.create(key_of("k"), "x"),
            lambda: catalog.access_keys.list("x"),
            lambda: catalog.access_keys.set_active("x", "AK1", active=False),
            lambda: catalog.access_keys.delete("x", "AK1"),
            lambda: catalog.access_keys.last_use("x", "AK1"),
            lambda: catalog.groups.add_user("x", "devs"),
            lambda: catalog.groups.remove_user("x", "devs"),
            lambda: catalog.groups.of_user("x"),
            lambda: catalog.policies.attach(CUSTOM, "own", USER, "x"),
            lambda: catalog.policies.detach(CUSTOM, "own", USER, "x"),
            lambda: catalog.policies.of(USER, "x"),
        ):
            assert refused(call) == (EntityNotFound, ("User",))

    def test_lists_ascend_without_regard_to_case_and_resume(self, catalog: Catalog) -> None:
        for name in ["b", "A2", "a1", "C", "a-1"]:
            catalog.users.create(User(name=name))
        names = [user.name for user in catalog.users.list()]
        assert names == ["a-1", "a1", "A2", "b", "C"]
        assert catalog.users.count() == 5
        found: list[str] = []
        while page := catalog.users.list(after=found[-1] if found else "", limit=2):
            found += [user.name for user in page]
        assert found == names
        catalog.users.delete("A2")
        assert [user.name for user in catalog.users.list(after="A2")] == ["b", "C"]

    def test_an_update_of_a_user_that_fails_changes_nothing(self, catalog: Catalog) -> None:
        catalog.users.create(User(name="alice"))
        version = catalog.access_version()

        def fail(held: User) -> User:
            raise RuntimeError("no")

        with pytest.raises(RuntimeError):
            catalog.users.update("alice", fail)
        assert catalog.access_version() == version
        catalog.users.update("alice", lambda held: replace(held, comments="works again"))


class AccessKeyConformance:
    def test_a_key_is_kept_as_given(self, catalog: Catalog) -> None:
        alice = catalog.users.create(User(name="alice"))
        made = catalog.access_keys.create(replace(key_of("AK"), active=False), "Alice")
        assert made == replace(key_of("AK"), active=False, user_id=alice.id)
        assert catalog.access_keys.find("AK") == (made, alice)
        assert catalog.access_keys.find("ak") is None, "ids of keys differ by case"
        own = catalog.access_keys.create(key_of("own"), None)
        assert catalog.access_keys.find("own") == (own, None)
        assert (catalog.access_keys.list("alice"), catalog.access_keys.list(None)) == ([made], [own])

    def test_ids_are_taken_once(self, catalog: Catalog) -> None:
        catalog.access_keys.create(key_of("AK"), None)
        catalog.users.create(User(name="alice"))
        assert refused(lambda: catalog.access_keys.create(key_of("AK"), "alice")) == (
            EntityExists, ("User.AccessKey",),
        )  # fmt: skip

    def test_a_user_has_two_keys_the_account_any_number(self, catalog: Catalog) -> None:
        catalog.users.create(User(name="alice"))
        for name, at in (("b", 1), ("a", 2)):
            catalog.access_keys.create(key_of(name, at), "alice")
        assert refused(lambda: catalog.access_keys.create(key_of("c"), "alice")) == (
            EntityLimitExceeded, ("User.AccessKey",),
        )  # fmt: skip
        assert [key.id for key in catalog.access_keys.list("alice")] == ["b", "a"]
        for number in range(10):
            catalog.access_keys.create(key_of(f"own{number}"), None)

    def test_two_at_once_make_no_third_key(self, catalog: Catalog) -> None:
        catalog.users.create(User(name="alice"))

        def make(number: int) -> bool:
            try:
                catalog.access_keys.create(key_of(f"AK{number}"), "alice")
            except EntityLimitExceeded:
                return False
            return True

        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(make, range(16))) == 2

    def test_keys_of_somebody_else_are_not_found(self, catalog: Catalog) -> None:
        make_story(catalog)
        catalog.users.create(User(name="bob"))
        catalog.access_keys.create(key_of("own"), None)
        for user, key in (("bob", "AK1"), (None, "AK1"), ("alice", "own"), ("alice", "none")):
            for call in (
                lambda user=user, key=key: catalog.access_keys.set_active(user, key, active=False),
                lambda user=user, key=key: catalog.access_keys.delete(user, key),
                lambda user=user, key=key: catalog.access_keys.last_use(user, key),
            ):
                assert refused(call) == (EntityNotFound, ("User.AccessKey",))
        assert [key.active for key in catalog.access_keys.list("alice")] == [True]

    def test_a_key_is_disabled_enabled_and_deleted(self, catalog: Catalog) -> None:
        make_story(catalog)
        for active in (False, True):
            catalog.access_keys.set_active("alice", "AK1", active=active)
            found = catalog.access_keys.find("AK1")
            assert found is not None
            assert found[0].active is active
        catalog.access_keys.note_uses({"AK1": KeyUse(time=5, service="Imm")})
        catalog.access_keys.delete("alice", "AK1")
        assert catalog.access_keys.find("AK1") is None
        catalog.access_keys.create(key_of("AK1"), "alice")
        assert catalog.access_keys.last_use("alice", "AK1") is None, "the use went with the key"

    def test_uses_are_noted_without_a_new_version(self, catalog: Catalog) -> None:
        make_story(catalog)
        catalog.access_keys.create(key_of("own"), None)
        version = catalog.access_version()
        assert catalog.access_keys.last_use("alice", "AK1") is None
        noted = {
            "AK1": KeyUse(time=7, service="Imm"),
            "own": KeyUse(time=8, service="Ram"),
            "gone": KeyUse(time=9, service="Imm"),
        }
        catalog.access_keys.note_uses(noted)
        catalog.access_keys.note_uses({"AK1": KeyUse(time=6, service="Sts")})
        assert catalog.access_keys.last_use("alice", "AK1") == noted["AK1"]
        assert catalog.access_keys.last_use(None, "own") == noted["own"]
        assert catalog.access_version() == version

    def test_keys_are_taken_over_once(self, catalog: Catalog) -> None:
        assert catalog.access_keys.take_over([key_of("a"), key_of("b")]) == []
        catalog.access_keys.set_active(None, "a", active=False)
        assert catalog.access_keys.take_over([key_of("a"), key_of("c")]) == ["a"]
        assert [(key.id, key.active) for key in catalog.access_keys.list(None)] == [
            ("a", False), ("b", True), ("c", True),
        ]  # fmt: skip

    def test_secrets_are_sealed_anew_where_they_are_as_they_were(self, catalog: Catalog) -> None:
        for name in ("c", "a", "b"):
            catalog.access_keys.create(key_of(name), None)
        pages = [catalog.access_keys.sealed(limit=2), catalog.access_keys.sealed(after="b", limit=2)]
        assert [[key.id for key in page] for page in pages] == [["a", "b"], ["c"]]
        changes = {key.id: (key.sealed, b"new") for page in pages for key in page}
        catalog.access_keys.reseal({**changes, "b": (b"other", b"new"), "gone": (b"x", b"y")})
        assert [key.sealed == b"new" for key in catalog.access_keys.sealed()] == [True, False, True]


class GroupConformance:
    def test_a_group_is_kept_as_given(self, catalog: Catalog) -> None:
        given = Group(name="Devs", comments="c", create_time=1, update_time=2)
        made = catalog.groups.create(given)
        assert made == replace(given, id=made.id) == catalog.groups.get("devs")
        assert refused(lambda: catalog.groups.create(Group(name="DEVS"))) == (EntityExists, ("Group",))
        renamed = catalog.groups.update("devs", lambda held: replace(held, name="ops"))
        assert renamed == replace(made, name="ops") == catalog.groups.list()[0]
        catalog.groups.create(Group(name="other"))
        assert refused(lambda: catalog.groups.update("other", lambda held: replace(held, name="OPS"))) == (
            EntityExists,
            ("Group",),
        )
        assert catalog.groups.count() == 2

    def test_members(self, catalog: Catalog) -> None:
        make_story(catalog)
        assert refused(lambda: catalog.groups.add_user("alice", "devs")) == (EntityExists, ("User.Group",))
        for name in ("Bob", "carol"):
            catalog.users.create(User(name=name))
            catalog.groups.add_user(name, "devs")
        members = catalog.groups.users("devs")
        assert [user.name for user, since in members if since > 0] == ["alice", "Bob", "carol"]
        assert catalog.groups.users("devs", after="alice", limit=1) == members[1:2]
        assert [group.name for group, since in catalog.groups.of_user("bob") if since > 0] == ["devs"]
        catalog.groups.remove_user("BOB", "DEVS")
        assert catalog.groups.of_user("bob") == []
        assert refused(lambda: catalog.groups.remove_user("bob", "devs")) == (
            EntityNotFound, ("User.Group",),
        )  # fmt: skip

    def test_a_user_is_in_ten_groups_at_most(self, catalog: Catalog) -> None:
        catalog.users.create(User(name="alice"))
        for number in range(11):
            catalog.groups.create(Group(name=f"g{number}"))
        for number in range(10):
            catalog.groups.add_user("alice", f"g{number}")
        assert refused(lambda: catalog.groups.add_user("alice", "g10")) == (
            EntityLimitExceeded, ("User.Group",),
        )  # fmt: skip

    def test_only_empty_groups_are_deleted(self, catalog: Catalog) -> None:
        make_story(catalog)
        assert refused(lambda: catalog.groups.delete("devs")) == (DeleteConflict, ("Group", "User"))
        catalog.groups.remove_user("alice", "devs")
        assert refused(lambda: catalog.groups.delete("devs")) == (DeleteConflict, ("Group", "Policy"))
        catalog.policies.detach(SYSTEM, "AliyunIMMFullAccess", GROUP, "devs")
        catalog.groups.delete("devs")
        assert catalog.groups.list() == []

    def test_absent_groups_are_not_found(self, catalog: Catalog) -> None:
        make_story(catalog)
        for call in (
            lambda: catalog.groups.get("x"),
            lambda: catalog.groups.update("x", lambda held: held),
            lambda: catalog.groups.delete("x"),
            lambda: catalog.groups.add_user("alice", "x"),
            lambda: catalog.groups.remove_user("alice", "x"),
            lambda: catalog.groups.users("x"),
            lambda: catalog.policies.attach(CUSTOM, "own", GROUP, "x"),
            lambda: catalog.policies.of(GROUP, "x"),
        ):
            assert refused(call) == (EntityNotFound, ("Group",))

    def test_an_account_has_three_hundred(self, catalog: Catalog) -> None:
        for number in range(300):
            catalog.groups.create(Group(name=f"g{number}"))
        assert refused(lambda: catalog.groups.create(Group(name="more"))) == (
            EntityLimitExceeded, ("Group",),
        )  # fmt: skip


class RoleConformance:
    def test_a_role_is_kept_as_given(self, catalog: Catalog) -> None:
        given = Role(
            name="Reader", description="d", trust_policy=TRUST, max_session_seconds=7_200,
            tags={"k": "v"}, create_time=1, update_time=2,
        )  # fmt: skip
        made = catalog.roles.create(given)
        assert made == replace(given, id=made.id) == catalog.roles.get("reader")
        assert len(made.id) == 18
        assert catalog.roles.get_by_id(made.id) == made
        assert refused(lambda: catalog.roles.create(replace(given, name="READER"))) == (
            EntityExists, ("Role",),
        )  # fmt: skip
        changed = catalog.roles.update(
            "reader", lambda held: replace(held, id="x", name="y", description="n")
        )
        assert changed == replace(made, description="n") == catalog.roles.get("Reader")

    def test_roles_are_listed_by_name_and_tags(self, catalog: Catalog) -> None:
        for number in range(6):
            tags = {"even": str(number % 2 == 0)}
            catalog.roles.create(Role(name=f"r{number}", trust_policy=TRUST, tags=tags))
        assert [role.name for role in catalog.roles.list(limit=2)] == ["r0", "r1"]
        even = {"even": "True"}
        assert [role.name for role in catalog.roles.list(tags=even, after="r0", limit=1)] == ["r2"]
        assert catalog.roles.count() == 6

    def test_a_role_is_deleted_once_it_has_no_policy(self, catalog: Catalog) -> None:
        make_story(catalog)
        assert refused(lambda: catalog.roles.delete("reader")) == (DeleteConflict, ("Role", "Policy"))
        catalog.policies.detach(CUSTOM, "own", ROLE, "reader")
        catalog.roles.delete("reader")
        for call in (
            lambda: catalog.roles.get("reader"),
            lambda: catalog.roles.get_by_id("reader"),
            lambda: catalog.roles.update("reader", lambda held: held),
            lambda: catalog.roles.delete("reader"),
            lambda: catalog.policies.attach(CUSTOM, "own", ROLE, "reader"),
        ):
            assert refused(call) == (EntityNotFound, ("Role",))


class PolicyConformance:
    def test_a_policy_is_kept_as_given(self, catalog: Catalog) -> None:
        given = Policy(name="Own", description="d", tags={"k": "v"}, create_time=1, update_time=2)
        document = '{ "Version" : "1" } \n é'
        made = catalog.policies.create(replace(given, default_version=7, attachment_count=7), document)
        assert made == given
        policy, version = catalog.policies.get("own")
        assert (policy, version.document, version.id, version.is_default) == (given, document, "v1", True)
        assert refused(lambda: catalog.policies.create(Policy(name="OWN"), "x")) == (
            EntityExists, ("Policy",),
        )  # fmt: skip
        catalog.policies.update(
            "own", lambda held: replace(held, name="z", default_version=3, description="n", update_time=9)
        )
        assert catalog.policies.get("own")[0] == replace(given, description="n", update_time=9)

    def test_versions_are_five_and_numbers_never_come_again(self, catalog: Catalog) -> None:
        catalog.policies.create(Policy(name="own"), "1")
        for number in range(2, 6):
            made = catalog.policies.add_version("OWN", str(number))
            assert (made.number, made.document, made.is_default) == (number, str(number), False)
        assert refused(lambda: catalog.policies.add_version("own", "6")) == (
            EntityLimitExceeded, ("Policy.Version",),
        )  # fmt: skip
        catalog.policies.delete_version("own", 5)
        assert catalog.policies.add_version("own", "6", as_default=True).is_default
        assert catalog.policies.get("own")[1].document == "6"
        assert catalog.policies.get("own")[0].default_version == 6
        assert [v.number for v in catalog.policies.versions("own")] == [6, 4, 3, 2, 1]
        assert [v.is_default for v in catalog.policies.versions("own")] == [True] + [False] * 4

    def test_rotation_spares_the_default(self, catalog: Catalog) -> None:
        catalog.policies.create(Policy(name="own"), "1")
        for number in range(2, 6):
            catalog.policies.add_version("own", str(number), rotate=True)
        assert catalog.policies.add_version("own", "6", rotate=True).number == 6
        assert [v.number for v in catalog.policies.versions("own")] == [6, 5, 4, 3, 1]

    def test_the_default_is_set_and_not_deleted(self, catalog: Catalog) -> None:
        catalog.policies.create(Policy(name="own"), "1")
        catalog.policies.add_version("own", "2")
        catalog.policies.set_default_version("own", 2)
        assert refused(lambda: catalog.policies.delete_version("own", 2)) == (
            DeleteConflict, ("PolicyVersion", "Default"),
        )  # fmt: skip
        catalog.policies.delete_version("own", 1)
        for call in (
            lambda: catalog.policies.version("own", 1),
            lambda: catalog.policies.set_default_version("own", 1),
            lambda: catalog.policies.delete_version("own", 1),
        ):
            assert refused(call) == (EntityNotFound, ("Policy.Version",))
        assert catalog.policies.version("own", 2).document == "2"

    def test_absent_policies_are_not_found(self, catalog: Catalog) -> None:
        make_story(catalog)
        for call in (
            lambda: catalog.policies.get("x"),
            lambda: catalog.policies.update("x", lambda held: held),
            lambda: catalog.policies.delete("x"),
            lambda: catalog.policies.add_version("x", "d"),
            lambda: catalog.policies.version("x", 1),
            lambda: catalog.policies.versions("x"),
            lambda: catalog.policies.set_default_version("x", 1),
            lambda: catalog.policies.delete_version("x", 1),
            lambda: catalog.policies.attach(CUSTOM, "x", USER, "alice"),
            lambda: catalog.policies.detach(CUSTOM, "x", USER, "alice"),
            lambda: catalog.policies.attached_to(CUSTOM, "x"),
        ):
            assert refused(call) == (EntityNotFound, ("Policy",))

    def test_a_policy_is_deleted_once_nobody_has_it(self, catalog: Catalog) -> None:
        make_story(catalog)
        catalog.policies.attach(CUSTOM, "own", GROUP, "devs")
        catalog.policies.add_version("own", "2")
        for kind, name in ((USER, "alice"), (GROUP, "devs"), (ROLE, "reader")):
            assert refused(lambda: catalog.policies.delete("own", versions=True)) == (
                DeleteConflict, ("Policy", kind.value),
            )  # fmt: skip
            catalog.policies.detach(CUSTOM, "OWN", kind, name)
        assert refused(lambda: catalog.policies.delete("own")) == (DeleteConflict, ("Policy", "Version"))
        catalog.policies.delete("own", versions=True)
        assert catalog.policies.list() == []
        catalog.policies.create(Policy(name="own"), "again")
        assert [v.document for v in catalog.policies.versions("own")] == ["again"]

    def test_policies_are_listed_by_name_and_tags(self, catalog: Catalog) -> None:
        for number in range(4):
            tags = {"even": str(number % 2 == 0)}
            catalog.policies.create(Policy(name=f"p{number}", tags=tags), "d")
        assert [p.name for p in catalog.policies.list(after="p1", limit=1)] == ["p2"]
        assert [p.name for p in catalog.policies.list(tags={"even": "True"})] == ["p0", "p2"]
        assert catalog.policies.count() == 4

    def test_attachments(self, catalog: Catalog) -> None:
        make_story(catalog)
        assert refused(lambda: catalog.policies.attach(CUSTOM, "OWN", USER, "Alice")) == (
            EntityExists, ("User.Policy",),
        )  # fmt: skip
        assert refused(lambda: catalog.policies.detach(SYSTEM, "own", USER, "alice")) == (
            EntityNotFound, ("User.Policy",),
        )  # fmt: skip
        catalog.policies.update("own", lambda held: replace(held, description="d"))
        catalog.policies.attach(SYSTEM, "own", USER, "alice")  # a name of each type is another policy
        own = [
            (p.type, p.name, p.description, p.default_version) for p in catalog.policies.of(USER, "alice")
        ]
        assert own == [(CUSTOM, "own", "d", 1), (SYSTEM, "own", "", 0)]
        found = catalog.policies.attached_to(CUSTOM, "Own")
        assert [user.name for user, since in found.users if since > 0] == ["alice"]
        assert (found.groups, [role.name for role, _ in found.roles]) == ((), ["reader"])
        assert catalog.policies.get("own")[0].attachment_count == 2
        assert catalog.policies.list()[0].attachment_count == 2
        assert catalog.policies.attachment_counts(SYSTEM) == {"AliyunIMMFullAccess": 1, "own": 1}
        assert catalog.policies.attachment_counts(CUSTOM) == {"own": 2}

    def test_a_principal_has_ten_of_its_own_and_twenty_of_the_system(self, catalog: Catalog) -> None:
        make_story(catalog)
        for number in range(9):
            catalog.policies.create(Policy(name=f"p{number}"), "d")
            catalog.policies.attach(CUSTOM, f"p{number}", ROLE, "reader")
        catalog.policies.create(Policy(name="more"), "d")
        for number in range(20):
            catalog.policies.attach(SYSTEM, f"s{number}", ROLE, "reader")
        for policy_type, name in ((CUSTOM, "more"), (SYSTEM, "s20")):
            assert refused(lambda t=policy_type, n=name: catalog.policies.attach(t, n, ROLE, "reader")) == (
                EntityLimitExceeded,
                ("Role.Policy",),
            )
        assert len(catalog.policies.of(ROLE, "reader")) == 30

    def test_what_counts_for_whom(self, catalog: Catalog) -> None:
        make_story(catalog)
        catalog.policies.attach(CUSTOM, "own", GROUP, "devs")
        catalog.policies.add_version("own", "document 2")
        alice, reader = catalog.users.get("alice").id, catalog.roles.get("reader").id
        granted = {
            (g.kind, g.holder, g.type, g.name, g.document) for g in catalog.policies.granted_to_user(alice)
        }
        assert granted == {
            (USER, "alice", CUSTOM, "own", "document 1"),
            (GROUP, "devs", CUSTOM, "own", "document 1"),
            (GROUP, "devs", SYSTEM, "AliyunIMMFullAccess", None),
        }
        catalog.policies.set_default_version("own", 2)
        (role,) = catalog.policies.granted_to_role(reader)
        assert (role.kind, role.holder, role.document) == (ROLE, "reader", "document 2")
        assert catalog.policies.granted_to_user(reader) == catalog.policies.granted_to_role(alice) == []


class AccessVersionConformance:
    def test_every_change_has_a_new_version(self, catalog: Catalog) -> None:
        make_story(catalog)
        changes: list[Callable[[], Any]] = [
            lambda: catalog.users.create(User(name="bob")),
            lambda: catalog.users.update("bob", lambda held: replace(held, name="Bob")),
            lambda: catalog.groups.create(Group(name="g")),
            lambda: catalog.groups.update("g", lambda held: replace(held, comments="c")),
            lambda: catalog.groups.add_user("bob", "g"),
            lambda: catalog.groups.remove_user("bob", "g"),
            lambda: catalog.groups.delete("g"),
            lambda: catalog.access_keys.create(key_of("AK2"), "bob"),
            lambda: catalog.access_keys.set_active("bob", "AK2", active=False),
            lambda: catalog.access_keys.delete("bob", "AK2"),
            lambda: catalog.access_keys.take_over([key_of("AK3")]),
            lambda: catalog.users.delete("bob"),
            lambda: catalog.roles.create(Role(name="r", trust_policy=TRUST)),
            lambda: catalog.roles.update("r", lambda held: replace(held, description="d")),
            lambda: catalog.roles.delete("r"),
            lambda: catalog.policies.create(Policy(name="p"), "d"),
            lambda: catalog.policies.update("p", lambda held: replace(held, description="d")),
            lambda: catalog.policies.add_version("p", "e"),
            lambda: catalog.policies.set_default_version("p", 2),
            lambda: catalog.policies.delete_version("p", 1),
            lambda: catalog.policies.attach(CUSTOM, "p", USER, "alice"),
            lambda: catalog.policies.detach(CUSTOM, "p", USER, "alice"),
            lambda: catalog.policies.delete("p"),
        ]
        for number, change in enumerate(changes):
            before = catalog.access_version()
            change()
            assert catalog.access_version() > before, number

    def test_what_is_refused_and_what_is_read_has_none(self, catalog: Catalog) -> None:
        make_story(catalog)
        version = catalog.access_version()
        refused(lambda: catalog.users.create(User(name="alice")))
        refused(lambda: catalog.users.delete("alice"))
        catalog.users.list()
        catalog.policies.granted_to_user(catalog.users.get("alice").id)
        assert catalog.access_version() == version

    def test_all_of_it_is_there_after_a_restart(
        self, catalog: Catalog, open_catalog: Callable[..., Catalog]
    ) -> None:
        make_story(catalog)
        version, found = catalog.access_version(), catalog.access_keys.find("AK1")
        granted = catalog.policies.granted_to_user(catalog.users.get("alice").id)
        catalog.close()
        again = open_catalog()
        assert again.access_version() == version
        assert again.access_keys.find("AK1") == found
        assert again.policies.granted_to_user(again.users.get("alice").id) == granted

    def test_versions_are_counted_when_many_write(self, catalog: Catalog) -> None:
        before = catalog.access_version()
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda number: catalog.users.create(User(name=f"u{number}")), range(40)))
        assert catalog.access_version() == before + 40


class AccessConformance(
    UserConformance,
    AccessKeyConformance,
    GroupConformance,
    RoleConformance,
    PolicyConformance,
    AccessVersionConformance,
):
    """All of it."""
