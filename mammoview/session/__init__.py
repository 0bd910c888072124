"""One reader at work: open studies, child processes, settings, messages. No Qt."""
