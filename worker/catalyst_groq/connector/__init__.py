"""The pure middle: task fields, secrets, payload rendering, response mapping, handler, outcomes."""
