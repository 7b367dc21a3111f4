"""The fields of the element templates: names, defaults, where each is looked up, and how it is parsed."""
