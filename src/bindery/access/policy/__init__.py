"""The policy language of RAM: read, compiled, decided and explained. Pure: no I/O, no other room.

Source: RAM's help pages policy-structure-and-syntax, policy-elements, conditional-operator and
policy-evaluation-process. What they leave open is chosen in docs/differences.md, section Policies.
"""
