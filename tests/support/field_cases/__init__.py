"""What models and servers answered in public reports, made into cases: the data of `docs/answers.md`."""
