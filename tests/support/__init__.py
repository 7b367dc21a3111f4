"""What tests share: harnesses, fakes, factories, servers."""
