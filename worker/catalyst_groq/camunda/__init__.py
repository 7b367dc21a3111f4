"""The engine adapter: client, poller, lock renewal, reporter, orphaned tasks, worker id."""
