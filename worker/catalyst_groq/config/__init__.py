"""Settings of the worker: types, validation, and the factory that builds parts from them."""
