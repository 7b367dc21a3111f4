"""The fields of the element template: where each is looked up, and what it means."""
