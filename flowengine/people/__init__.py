"""Who may do what: pure rules on actors, steps and jobs (L4)."""

from flowengine.people.permissions import may_act, may_operate, may_see
from flowengine.people.seatings import actor_key, person_seating, seatings, waits_for_words

__all__ = [
    "actor_key",
    "may_act",
    "may_operate",
    "may_see",
    "person_seating",
    "seatings",
    "waits_for_words",
]
