"""How hypothesis runs here."""

from hypothesis import settings

# A busy machine is no reason to fail; how fast something is has its own measurements (bench/).
settings.register_profile("unit", deadline=None)
settings.load_profile("unit")
