"""Names for runs that a person can say aloud and find again."""

import secrets

ADJECTIVES = """
amber ancient barred bright calm cold dark deep dim distant dusty early faint far flat gentle golden
grand hidden inner irregular late lone lucid misty nearby nested noble outer pale patient quiet
remote round silent silver slow soft spun stellar still subtle swift tilted twin vast veiled warm
wide young
""".split()
NOUNS = """
arc arm bulge cluster core corona disc dust dwarf ellipse field filament flare giant group halo
horizon jet knot lens light lobe mass merger nebula node orbit plane plume pulsar quasar ridge ring
shell sky spiral star stream tail tide torus transit void wave
""".split()


def make_run_id() -> str:
    """A name such as quiet-spiral-4127."""
    return f"{secrets.choice(ADJECTIVES)}-{secrets.choice(NOUNS)}-{secrets.randbelow(9000) + 1000}"
